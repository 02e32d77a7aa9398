"""The server under test, with a control port: `python -m bench.faults.server.controlled_server`.

Everything is as `python server.py` has it, but for five things: a control port on loopback takes
orders, the synthesiser breaks over certain texts, turns of the loop are reported from 5 ms
on, those of the sockets' read callbacks among them (waiting for a core is no part of a turn
here), and of the calls only those are recorded that the control port has heard of. Owns these
changes and nothing else.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import server
from actors import dispatcher, metronome
from actors.recorder import NewRecorder, NoRecorder, Outside, Recorder
from actors.root import CallRoot
from bench.faults.server.agent import PLANS
from bench.faults.server.control_port import ControlPort, Notes
from bench.faults.server.own_time import OwnTime
from bench.faults.server.voice import FaultyVoice
from call_log import Recordings
from speech.phrase_cache import PhraseCache
from web.media_socket import MediaConnection

SLOW_S: Final = 0.005
"""A turn longer than a quarter of a frame is reported here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server with its control port; the exit code is the server's."""
    parser = argparse.ArgumentParser(
        prog="bench.faults.server.controlled_server", description=__doc__
    )
    parser.add_argument("--control-port", type=int, required=True, help="TCP port on loopback")
    parser.add_argument("--recording-bytes", type=int, help="the largest recording of a call")
    options = parser.parse_args(arguments)
    notes = Notes()
    _report_slow_turns(notes)
    _break_voices()
    _record_only_what_breaks()
    if options.recording_bytes is not None:
        _cut_recordings_at(options.recording_bytes)
    _add_control_port(options.control_port, notes)
    return server.main([])


def _report_slow_turns(notes: Notes) -> None:
    dispatcher.SLOW_TURN_S = SLOW_S
    metronome.SLOW_TICK_S = SLOW_S
    own_time = OwnTime()
    for module in _modules(dispatcher, metronome):
        module.time = own_time
    for module in _modules(server):
        module._warn_slow_turn = notes.slow_turn  # noqa: SLF001  # looked up when it starts
    read = MediaConnection.data_received

    def timed(self: MediaConnection, data: bytes) -> None:
        began_at = own_time.perf_counter()
        read(self, data)
        took_s = own_time.perf_counter() - began_at
        if took_s > SLOW_S:
            session: Any = self.session
            sid = "-" if session is None else session._strays.call_sid  # noqa: SLF001  # a look
            notes.slow_turn(f"socket {sid}", took_s)

    MediaConnection.data_received = timed  # type: ignore[method-assign]  # the measuring


def _break_voices() -> None:
    for module in _modules(server):
        whole = module.make_synthesizer

        def broken(*args: Any, whole: Any = whole, **kwargs: Any) -> PhraseCache:
            cache: PhraseCache = whole(*args, **kwargs)
            cache._inner = FaultyVoice(cache.inner)  # noqa: SLF001  # the fault
            return cache

        module.make_synthesizer = broken


def _record_only_what_breaks() -> None:
    """The healthy calls are what cadence is measured on: recording them would be a part of it."""
    for module in _modules(server):
        module.begin_recordings = partial(_begin_recordings, module.begin_recordings)


def _begin_recordings(begin: Callable[..., NewRecorder], *args: Any) -> NewRecorder:
    record = begin(*args)

    def new_recorder(call_sid: str, outside: Outside) -> Recorder:
        return (record if call_sid in PLANS else NoRecorder)(call_sid, outside)

    return new_recorder


def _cut_recordings_at(max_bytes: int) -> None:
    """64 MiB are forty minutes: no bench holds a call for so long."""
    for module in _modules(Recordings.__init__):
        module.__kwdefaults__["max_bytes"] = max_bytes


def _add_control_port(port: int, notes: Notes) -> None:
    opened: list[asyncio.Task[None]] = []

    class RootWithControlPort(CallRoot):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            opened.append(
                asyncio.get_running_loop().create_task(ControlPort(self, notes).open(port))
            )

    for module in _modules(server):
        module.CallRoot = RootWithControlPort


def _modules(*modules: Any) -> tuple[Any, ...]:
    """Modules whose names may be given other values: no type checker has to agree."""
    return modules


if __name__ == "__main__":
    sys.exit(main())
