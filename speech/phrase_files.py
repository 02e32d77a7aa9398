"""A folder of synthesised phrases: one file each, checked when read, bounded in bytes.

Owns: the files' names and format, and which go first. A name is a hash, so that no text
stands in it. Several processes may share the folder: a file appears whole or not at all, and
one that is not what it was is removed and counts as absent. Blocks on the disk, so never
called on the event loop's thread: `speech.phrase_store` calls it on a thread of its own.
"""

import hashlib
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAGIC: Final = b"MULAW8K1"
"""First bytes of a file; another format gets another number."""

SUFFIX: Final = ".phrase"
TEMPORARY_PREFIX: Final = ".writing-"

STALE_S: Final = 3600.0
"""Age after which a temporary file is one that a dead process left."""

BLOCK_BYTES: Final = 4096
"""Room that the smallest file takes on a disk: bounds the number of files as well."""

_DIGEST_BYTES: Final = 16
_HEADER_BYTES: Final = len(MAGIC) + _DIGEST_BYTES


@dataclass(slots=True)
class PhraseFileCounters:
    """What has happened to the files since this process began."""

    read: int = 0
    """Phrases found whole."""

    written: int = 0
    """Phrases written."""

    too_long: int = 0
    """Phrases not written because they alone are over the bound."""

    corrupt: int = 0
    """Files removed because they were not what was written."""

    evicted: int = 0
    """Files removed to keep the bound."""


@dataclass(frozen=True, slots=True)
class _Held:
    used_at: float
    room: int
    path: Path


class PhraseFiles:
    """The phrases under one folder, which is made if it is not there.

    Args:
        folder: where they lie.
        max_bytes: bound of the room they take; the least recently used go first.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self.counters = PhraseFileCounters()

    def open(self) -> None:
        """Make the folder and sweep up what dead processes left.

        Raises:
            OSError: nothing can be written there.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self._folder):
            pass
        for path in self._folder.glob(f"{TEMPORARY_PREFIX}*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_S:
                    path.unlink()
        self._keep_bound()

    def load(self, key: str) -> bytes | None:
        """Read what was kept under a key, and note that it was used; None: nothing whole.

        Raises:
            OSError: the disk failed otherwise than by having no such file.
        """
        path = self.path_of(key)
        try:
            with path.open("rb") as file:
                audio = _unpack(file.read(self._max_bytes), key)
        except FileNotFoundError:
            return None
        except ValueError:
            self.counters.corrupt += 1
            path.unlink(missing_ok=True)
            return None
        with suppress(OSError):  # evicted by another process just now, or not ours to touch
            os.utime(path)
        self.counters.read += 1
        return audio

    def save(self, key: str, audio: bytes) -> None:
        """Keep audio under a key; what is least recently used makes room.

        Raises:
            OSError: the disk is full or gone.
        """
        packed = _pack(audio, key)
        if _room(len(packed)) > self._max_bytes:
            self.counters.too_long += 1
            return
        handle, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, dir=self._folder)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(packed)
            temporary.replace(self.path_of(key))
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        self.counters.written += 1
        self._keep_bound()

    def path_of(self, key: str) -> Path:
        """Where the phrase of a key lies, if it does."""
        name = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES)
        return self._folder / (name.hexdigest() + SUFFIX)

    def _keep_bound(self) -> None:
        """Look at the folder itself, not at a sum of our own: others write there too."""
        held = sorted(self._held(), key=lambda one: (one.used_at, one.path.name))
        room = sum(one.room for one in held)
        for one in held:
            if room <= self._max_bytes:
                return
            one.path.unlink(missing_ok=True)
            room -= one.room
            self.counters.evicted += 1

    def _held(self) -> list[_Held]:
        held: list[_Held] = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            with suppress(FileNotFoundError):
                found = path.stat()
                held.append(_Held(found.st_mtime_ns, _room(found.st_size), path))
        return held


def _room(size: int) -> int:
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES


def _digest(audio: bytes, key: str) -> bytes:
    digest = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=_DIGEST_BYTES)
    digest.update(audio)
    return digest.digest()


def _pack(audio: bytes, key: str) -> bytes:
    return MAGIC + _digest(audio, key) + audio


def _unpack(packed: bytes, key: str) -> bytes:
    """Take the audio out of a file; ValueError where it is not whole, or another key's."""
    audio = packed[_HEADER_BYTES:]
    if not audio or packed[:_HEADER_BYTES] != MAGIC + _digest(audio, key):
        raise ValueError
    return audio
