"""Recordings of the run: those of calls that were let down are kept, all others are deleted.

Owns the folder of what is kept, how many files may be in it, and the deleting. The servers of
the run record with `recording_settings`; rows say whose call it was, the clearest case first.
Judges nothing and runs nothing again: `python -m phone replay FILE` does.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from call_log.recordings import SUFFIX

MOST_KEPT: Final = 20
"""Files: 1.4 MB a minute of call, and nobody reads more."""

MOST_OF_A_ROW: Final = 2
"""So that one bad row leaves room for the others; one file may be cut short."""

FOLDER_PREFIX: Final = "faults-replays-"

Case = tuple[str, Sequence[str]]
"""The name of a row that missed, and the CallSids of its calls."""


def recording_settings(folder: Path) -> dict[str, str]:
    """Let a server record its calls, below a folder."""
    return {"CALL_LOG_DIR": str(folder), "CALL_LOG_REPLAY": "true"}


def file_name(row: str) -> str:
    """Make a row's name one that files may have."""
    return "-".join("".join(one if one.isalnum() else " " for one in row).split())


class Replays:
    """What is kept of one run.

    Args:
        folder: where; None: a new temporary one, made when there is something to be kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.kept: list[Path] = []
        self.left_out = 0
        """Recordings that would have been kept, beyond `MOST_KEPT`."""
        self._folder = folder

    def keep(self, recorded: Path, cases: Iterable[Case]) -> None:
        """Keep the recordings of these cases and delete all others below a folder.

        Called once the server that wrote them has ended: before, a file may be half written.
        """
        for row, sids in cases:
            found = [path for sid in sids for path in sorted(recorded.rglob(f"{sid}-*{SUFFIX}"))]
            for path in found[:MOST_OF_A_ROW]:
                self._take(row, path)
        for path in recorded.rglob(f"*{SUFFIX}"):
            path.unlink()

    def lines(self) -> Iterator[str]:
        """Say what was kept, and where; nothing where nothing was."""
        if not self.kept:
            return
        yield f"recordings of calls that were let down, in {self.kept[0].parent}"
        yield from (f"    {path.name}" for path in self.kept)
        if self.left_out:
            yield f"    and {self.left_out} more, deleted"
        yield "run one again: python -m phone replay FILE"

    def _take(self, row: str, path: Path) -> None:
        if len(self.kept) >= MOST_KEPT:
            self.left_out += 1
            return
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX))
        self._folder.mkdir(parents=True, exist_ok=True)
        self.kept.append(Path(shutil.move(path, self._folder / f"{file_name(row)}-{path.name}")))
