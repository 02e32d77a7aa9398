"""The way to the samples of a WAV file, however it is laid out and cut into pieces."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.riff import RiffError, RiffReader
from tests.support.wav import MULAW_FMT, chunk, wav

pytestmark = pytest.mark.unit

AUDIO = bytes(range(256))
EXTENSIBLE = struct.pack("<HHIIHHHHIH", 0xFFFE, 1, 8000, 8000, 1, 8, 22, 8, 4, 7) + b"\0" * 14

LAYOUTS = {
    "fmt of 16 bytes": wav(AUDIO),
    "fmt of 18 bytes": wav(AUDIO, fmt=MULAW_FMT + b"\0\0"),
    "fmt of 17 bytes and a pad": wav(AUDIO, fmt=MULAW_FMT + b"\0"),
    "extensible fmt": wav(AUDIO, fmt=EXTENSIBLE),
    "fact and LIST before": wav(
        AUDIO, before=chunk(b"fact", b"\0\1\0\0") + chunk(b"LIST", b"INFOdata\4\0\0\0odd")
    ),
    "an odd chunk with its pad": wav(AUDIO, before=chunk(b"junk", b"odd")),
    "LIST behind": wav(AUDIO) + chunk(b"LIST", b"INFOISFT"),
    "size unknown": wav(AUDIO, size=0xFFFFFFFF),
    "size zero": wav(AUDIO, size=0),
    "size too large": wav(AUDIO, size=len(AUDIO) + 1000),
    "no container": AUDIO,
    "no container, first letter of one": b"R" + AUDIO,
}


def read(*pieces: bytes) -> bytes:
    reader = RiffReader(bare=True)
    audio = b"".join(map(reader.feed, pieces))
    reader.close()
    return audio


@pytest.mark.parametrize("layout", LAYOUTS)
def test_exactly_the_samples_come_out(layout: str) -> None:
    expected = b"R" + AUDIO if layout.endswith("first letter of one") else AUDIO
    assert read(LAYOUTS[layout]) == expected


@given(st.sampled_from(sorted(LAYOUTS)), st.data())
def test_where_the_file_is_cut_makes_no_difference(layout: str, data: st.DataObject) -> None:
    file = LAYOUTS[layout]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(file)), max_size=8)))
    pieces = [file[a:b] for a, b in zip([0, *cuts], [*cuts, len(file)], strict=True)]
    assert read(*pieces) == read(file)


PCM = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
A_LAW = struct.pack("<HHIIHH", 6, 1, 8000, 8000, 1, 8)
WIDE = struct.pack("<HHIIHH", 7, 1, 24000, 24000, 1, 8)

BROKEN = [
    (wav(AUDIO, fmt=PCM), "format 1, 1 channels, 8000 Hz, 16 bits; expected 7"),
    (wav(AUDIO, fmt=A_LAW), "format 6"),
    (wav(AUDIO, fmt=WIDE), "24000 Hz"),
    (wav(AUDIO, fmt=b"\7\0"), "2 bytes, expected at least 16"),
    (b"RIFF\0\0\0\0AVI " + AUDIO, "not a WAVE form"),
    (b"RIFF\4\0\0\0WAVE" + chunk(b"data", AUDIO), "expected a fmt chunk before"),
    (wav(AUDIO, before=chunk(b"LIST", b"", size=1 << 30)), "a chunk of 1073741824 bytes"),
    (wav(AUDIO)[:30], "expected a data chunk"),
    (b"RIFF", "expected a data chunk"),
]


@pytest.mark.parametrize(("file", "line"), BROKEN)
def test_a_file_that_is_no_mulaw_is_one_line(file: bytes, line: str) -> None:
    with pytest.raises(RiffError, match=line) as broken:
        read(file)
    assert "\n" not in str(broken.value)


@given(st.binary(max_size=200))
def test_whatever_follows_the_magic_is_samples_or_an_error(rest: bytes) -> None:
    with suppress(RiffError):
        assert len(read(b"RIFF" + rest)) <= len(rest)


@pytest.mark.parametrize("data", [AUDIO, b"R" + AUDIO, b"\x00"])
def test_where_a_file_is_asked_for_audio_without_a_container_is_refused(data: bytes) -> None:
    with pytest.raises(RiffError, match="no WAV file, expected one"):
        RiffReader().feed(data)
