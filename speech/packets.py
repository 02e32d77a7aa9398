"""The binary language between the server and its worker processes.

Owns: the packet's form, over the worker's stdin and stdout: a header of 9 bytes (length of
the body, uint32; kind, uint8; job, uint32; little-endian) and the body, at most 64 KiB. Pure
and bounded; never pickle. Both sides use it; what the kinds mean is `speech.worker_kinds`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

HEADER: Final = struct.Struct("<IBI")
"""Length of the body, kind, job."""

MAX_BODY_BYTES: Final = 65_536
"""Longest body; longer data goes in several packets."""


class PacketError(Exception):
    """The bytes are no packets: the other side is broken and must be given up."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One message to or from a worker."""

    kind: int
    """0 to 255."""

    job: int = 0
    """Which piece of work it belongs to, uint32; 0 for the worker as a whole."""

    body: bytes = b""
    """Audio or UTF-8 text."""


def encode(packet: Packet) -> bytes:
    """The packet's bytes.

    Raises:
        PacketError: the body is longer than 64 KiB.
    """
    if len(packet.body) > MAX_BODY_BYTES:
        raise PacketError(f"body: {len(packet.body)} bytes, at most {MAX_BODY_BYTES}")
    return HEADER.pack(len(packet.body), packet.kind, packet.job) + packet.body


def encode_all(kind: int, job: int, data: bytes) -> Iterator[bytes]:
    """Packets for data of any length, in order; none for no data."""
    for start in range(0, len(data), MAX_BODY_BYTES):
        yield encode(Packet(kind, job, data[start : start + MAX_BODY_BYTES]))


class PacketReader:
    """Finds the packets in a stream of bytes that is cut anywhere.

    Holds at most one unfinished packet and the piece just fed.
    """

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take the next bytes; yields the packets that they complete.

        Raises:
            PacketError: a header announces a body longer than 64 KiB.
        """
        self._held += data
        start = 0
        try:
            while (packet := self._at(start)) is not None:
                start += HEADER.size + len(packet.body)
                yield packet
        finally:
            del self._held[:start]

    def _at(self, start: int) -> Packet | None:
        body = start + HEADER.size
        if len(self._held) < body:
            return None
        length, kind, job = HEADER.unpack_from(self._held, start)
        if length > MAX_BODY_BYTES:
            raise PacketError(f"body: {length} bytes announced, at most {MAX_BODY_BYTES}")
        if len(self._held) < body + length:
            return None
        return Packet(kind, job, bytes(self._held[body : body + length]))
