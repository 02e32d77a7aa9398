"""Whole calls on the manual clock that are recorded, and their recordings replayed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors.messages import SpeechConfirmed, SpeechStarted, SpeechStopped, StreamStopped
from call_log import Recordings
from replay.codec import encode
from replay.lines import Recording, read_recording
from replay.player import Player, Verdict
from replay.recorded_settings import recorded_settings
from replay.recorder import call_recorder
from tests.support.call import ManualCall, settings
from tests.support.engines import word


@contextmanager
def recorded_call(
    folder: Path, *, max_bytes: int = 1 << 24, place: Callable[..., ManualCall], **arguments: Any
) -> Iterator[ManualCall]:
    """Record a call of the block's; it is hung up at the end, and the file is whole then.

    Args:
        folder: for the recording.
        max_bytes: of it.
        place: places the call.
        arguments: of `ManualCall`.
    """
    recordings = Recordings(folder, encode, max_bytes=max_bytes)
    names = settings().model_dump().keys() - {"dialogue"}  # ManualCall's is no file
    changes = {name: value for name, value in arguments.items() if name in names}
    try:
        recorder = call_recorder(recordings, settings(**changes))
        call = place(new_recorder=recorder, **arguments)
        yield call
        call.line.call.post(StreamStopped())
        call.wait(0.2)
        assert call.ended
    finally:
        recordings.stop()


def recording_in(folder: Path) -> Recording:
    """Read the only recording of a folder."""
    (path,) = folder.rglob("*.replay")
    return read_recording(path)


def replayed(recording: Recording, *changes: str) -> Verdict:
    """Replay it, with settings changed."""
    return Player(recording, recorded_settings(recording, changes)).run()


def speak(call: ManualCall, *numbers: int, meant: bool = True) -> None:
    """Let the caller say these words, with the edges of their voice."""
    call.line.agent.post(SpeechStarted(call.clock.now()))
    for number in numbers:
        call.hear(word(number))
        if meant:
            call.line.agent.post(SpeechConfirmed())
    call.line.agent.post(SpeechStopped(call.clock.now()))
