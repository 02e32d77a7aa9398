"""WAV files for tests: well made ones, and odd ones."""

import struct

MULAW_FMT = struct.pack("<HHIIHH", 7, 1, 8000, 8000, 1, 8)


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """Make one chunk; `size` is what it says its size is."""
    padding = b"\0" * (len(body) % 2)
    return name + struct.pack("<I", len(body) if size is None else size) + body + padding


def wav(
    audio: bytes, *, fmt: bytes = MULAW_FMT, before: bytes = b"", size: int | None = None
) -> bytes:
    """Make a WAV file.

    Args:
        audio: its samples.
        fmt: body of the chunk `fmt `.
        before: whole chunks that stand before `data`.
        size: what `data` says its size is; None: the truth.
    """
    body = b"WAVE" + chunk(b"fmt ", fmt) + before + chunk(b"data", audio, size)
    return b"RIFF" + struct.pack("<I", len(body)) + body
