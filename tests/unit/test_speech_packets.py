"""The packets between server and workers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech.packets import (
    HEADER,
    MAX_BODY_BYTES,
    Packet,
    PacketError,
    PacketReader,
    encode,
    encode_all,
)

pytestmark = pytest.mark.unit

packets = st.lists(
    st.builds(Packet, st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(max_size=300)),
    max_size=8,
)


@settings(derandomize=True)
@given(packets, st.lists(st.integers(1, 400), max_size=30))
def test_packets_survive_any_cut_of_the_bytes(sent: list[Packet], cuts: list[int]) -> None:
    data = b"".join(encode(packet) for packet in sent)
    reader = PacketReader()
    got: list[Packet] = []
    for cut in cuts:
        got += reader.feed(data[:cut])
        data = data[cut:]
    got += reader.feed(data)
    assert got == sent


def test_unfinished_packet_is_held_until_its_last_byte() -> None:
    data = encode(Packet(5, 7, b"body"))
    reader = PacketReader()
    assert list(reader.feed(data[:-1])) == []
    assert list(reader.feed(data[-1:])) == [Packet(5, 7, b"body")]


def test_stopping_in_the_middle_of_a_read_loses_no_packet() -> None:
    reader = PacketReader()
    for packet in reader.feed(encode(Packet(1)) + encode(Packet(2))):
        assert packet.kind == 1
        break
    assert [packet.kind for packet in reader.feed(b"")] == [2]


def test_header_announcing_too_much_is_refused_before_the_body_comes() -> None:
    with pytest.raises(PacketError, match="65537 bytes announced"):
        list(PacketReader().feed(HEADER.pack(MAX_BODY_BYTES + 1, 1, 1)))


def test_too_long_a_body_cannot_be_encoded() -> None:
    with pytest.raises(PacketError, match="at most 65536"):
        encode(Packet(1, 1, bytes(MAX_BODY_BYTES + 1)))


def test_long_data_goes_in_several_packets_in_order() -> None:
    data = bytes(range(256)) * 600
    got = list(PacketReader().feed(b"".join(encode_all(3, 9, data))))
    assert b"".join(packet.body for packet in got) == data
    assert len(got) == 3
    assert list(encode_all(3, 9, b"")) == []
