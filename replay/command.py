"""`python -m phone replay FILE`: its arguments, what it prints, its exit code."""

import argparse
from collections.abc import Callable
from pathlib import Path

from loguru import logger

from replay.codec import RecordingError
from replay.lines import Recording, read_recording
from replay.narrator import Narrator, verdict_lines
from replay.player import Player, Verdict
from replay.printable import printable
from replay.recorded_settings import recorded_settings

__all__ = ["RecordingError", "replay_file"]


def replay_file(parsed: argparse.Namespace, write: Callable[[str], None]) -> int:
    """Replay the recording of a command line.

    Args:
        parsed: `file`, `until` (seconds or None), `set` (changes), `times`, `texts`, `quiet`.
        write: prints a line.

    Returns:
        0 when all outputs were as recorded, each time; else 1.

    Raises:
        RecordingError: the file, or a change of a setting, cannot be used.
    """
    logger.remove()  # What actors log is in the recording's own decisions.
    path: Path = parsed.file
    recording = read_recording(path)
    verdicts = [_replay(recording, parsed, write) for _ in range(parsed.times)]
    if recording.cut is not None:
        write(f"the recording ends before the call: {printable(recording.cut)}")
    good = sum(verdict.ok for verdict in verdicts)
    if len(verdicts) > 1:
        write(f"{good} of {len(verdicts)} replays had the outputs that were recorded")
    return 0 if good == len(verdicts) else 1


def _replay(
    recording: Recording, parsed: argparse.Namespace, write: Callable[[str], None]
) -> Verdict:
    player = Player(recording, recorded_settings(recording, parsed.set))
    narrator = Narrator(recording.began_at, texts=parsed.texts)
    player.happened = narrator.happened
    player.course.seen = narrator.done
    verdict = player.run(float("inf") if parsed.until is None else parsed.until)
    narrator.close()
    lines = [] if parsed.quiet or parsed.times > 1 else narrator.lines
    if not verdict.ok or parsed.until is not None:
        lines = [*lines, "the last messages:", *narrator.last]
    lines += verdict_lines(verdict, recording.began_at, texts=parsed.texts)
    for line in lines:
        write(line)
    return verdict
