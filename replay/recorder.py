"""Records a call: puts the taps in place, writes the first line and the last one.

`server.py` hands the result of `begin_recordings` to the root.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from loguru import logger

from actors.peer import MediaPeer
from actors.recorder import NewRecorder, NoRecorder, Outside, Recorder
from call_log import CALL_OVER, Recordings, Tape
from replay.codec import FORMAT, encode
from replay.tape import TapeSink
from replay.taps_border import TappedControl, TappedLog, TappedPeer, TappedSocket
from replay.taps_engines import tapped_engines
from replay.taps_runtime import tapped_runtime
from settings import Settings

MessageT = TypeVar("MessageT")

KEPT_SETTINGS: Final = (bool, int, float)
"""Types of settings that are recorded: what actors decide by is a number or a switch. Texts are
left out, and with them every secret, address and path."""


def tapped(outside: Outside, tape: TapeSink) -> Outside:
    """Put a tape in between a call and everything outside it."""
    control = outside.control
    return Outside(
        tapped_runtime(outside.runtime, tape),
        tapped_engines(outside.engines, tape),
        TappedSocket(outside.socket, tape),
        None if control is None else TappedControl(control, tape),
        TappedLog(outside.events, tape),
    )


class TapeRecorder:
    """Records one call on a tape."""

    def __init__(self, call_sid: str, outside: Outside, settings: Settings, tape: Tape) -> None:
        """Write the first line, with all that a replay has to know beforehand."""
        self._tape = tape
        ears = outside.engines.recognizer
        tape.begin(
            "begin",
            {
                "format": FORMAT,
                "call_sid": call_sid,
                "settings": kept_settings(settings),
                "control": outside.control is not None,
                "recognizer": {
                    "name": ears.name,
                    "signs_of_life": ears.signs_of_life,
                    "early_finals": ears.early_finals,
                    "max_stream_s": ears.max_stream_s,
                },
            },
        )
        tape.end()
        self.outside = tapped(outside, tape)

    def peer(self, name: str, peer: MediaPeer[MessageT], /) -> MediaPeer[MessageT]:
        """Return where the border is to post in the place of this mailbox."""
        return cast("MediaPeer[MessageT]", TappedPeer(name, peer, self._tape))

    def ended(self) -> None:
        """Write the last line."""
        self._tape.leaves("ended")
        self._tape.cut(CALL_OVER)


def call_recorder(recordings: Recordings, settings: Settings) -> NewRecorder:
    """Return what makes the recorder of each call; one without a safe CallSid has none."""

    def new_recorder(call_sid: str, outside: Outside) -> Recorder:
        tape = recordings.begin(call_sid, outside.runtime.clock.now)
        if tape is None:
            return NoRecorder(call_sid, outside)
        return TapeRecorder(call_sid, outside, settings, tape)

    return new_recorder


def begin_recordings(
    settings: Settings,
    on_cut: Callable[[], object],
    at_the_end: Callable[[Callable[[], None]], object],
) -> NewRecorder:
    """Record calls if an operator asks for it.

    Args:
        settings: whether, and where.
        on_cut: told of each recording that ends before its call, on any thread.
        at_the_end: takes what is to be called when the server ends.
    """
    if not settings.call_log_replay or settings.call_log_dir is None:
        return NoRecorder
    logger.warning("CALL_LOG_REPLAY: calls are recorded with all that is said, sound included")
    recordings = Recordings(settings.call_log_dir, encode, on_cut=on_cut)
    at_the_end(recordings.stop)
    return call_recorder(recordings, settings)


def kept_settings(settings: Settings) -> dict[str, Any]:
    """Say which settings a recording holds, by their names."""
    return {
        name: value
        for name, value in settings.model_dump().items()
        if isinstance(value, KEPT_SETTINGS)
    }
