"""Starts the server: settings, logging, dialogue, engines, calls, web; and stops it again.

Owns the order of these and the exit code. Holds no call logic. Whatever cannot work is one
line on stderr and exit code 2, before anything listens.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from loguru import logger

from actors.engines import Engines
from actors.interpreter import loop_factory, spare_the_collector, switch_threads_often
from actors.root import CallRoot
from actors.runtime import loop_runtime
from call_log import begin_call_logs, check_folder
from dialogue.agents import make_dialogue
from dialogue.fields import DialogueError
from dialogue.own_errors import trace_of
from dialogue.ports import Dialogue
from log_sink import set_up_logging
from replay.recorder import begin_recordings
from settings import Settings, SettingsError, load_settings
from settings.tables import effective_lines, help_text
from speech.engines import make_recognizer, make_synthesizer
from speech.google_options import google_options
from speech.google_tts_options import google_tts_options
from speech.phrase_cache import PhraseCache
from speech.ports import EngineError, Recognizer
from telemetry import Counting, Metrics, boot_line, watch_loop
from telemetry.descriptors import descriptor_line, raise_limit
from telemetry.terminal import flush_all, hold_standard_streams, say
from telemetry.uncaught import take_uncaught
from web.call_control import make_call_control
from web.descriptors import descriptors_needed
from web.front import make_server
from web.load_listener import load_listener
from web.serving import DrainingServer, PortError, bind
from web.status import ServerStatus

BAD_SETUP: Final = 2
"""Exit code when the server cannot be set up as asked."""

CUT_SHORT: Final = 1
"""Exit code when a second signal cut the drain short."""

WARM_TIMEOUT_S: Final = 60.0
"""For synthesising the stock replies ahead; calls are taken all the while."""

ENGINES_CLOSE_S: Final = 2.5
"""For the engines to let go of processes and connections: a part of `serving.STOP_WITHIN_S`."""

BYTES_PER_MIB: Final = 1 << 20


@runtime_checkable
class Engine(Protocol):
    """What holds processes, threads or connections as long as the server runs."""

    async def start(self) -> None:
        """Get ready."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...


@dataclass(frozen=True, slots=True)
class House:
    """What the server is furnished with before it starts."""

    settings: Settings
    dialogue: Dialogue
    recognizer: Recognizer
    synthesizer: PhraseCache


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code, whoever reads what it says."""
    hold_standard_streams()
    try:
        return _run_command(check=_parser().parse_args(arguments).check)
    finally:
        flush_all()


def _run_command(*, check: bool) -> int:
    try:
        house = furnish(load_settings())
        if check:
            say(sys.stdout, "\n".join(check_lines(house)) + "\n")
            return 0
        return _serve(house)
    except (SettingsError, DialogueError, EngineError, PortError) as error:
        say(sys.stderr, "".join(f"server: {line}\n" for line in str(error).splitlines()))
        return BAD_SETUP
    except KeyboardInterrupt:
        return CUT_SHORT


def furnish(settings: Settings) -> House:
    """Load the dialogue and make the engines; nothing is started.

    Raises:
        DialogueError: the dialogue file, or the agent, cannot be used.
        EngineError: an engine cannot do what is asked.
        SettingsError: the folder of the event logs cannot be used.
    """
    check_folder(settings)
    dialogue = make_dialogue(settings)
    return House(
        settings,
        dialogue,
        make_recognizer(
            settings.stt_engine,
            dialogue.language,
            dialogue.phrases(),
            google=google_options(settings, dialogue.language),
            signed=not settings.loopback_only,
        ),
        make_synthesizer(
            settings.tts_engine,
            dialogue.language,
            cache_bytes=settings.phrase_cache_mib * BYTES_PER_MIB,
            google=google_tts_options(settings),
        ),
    )


def check_lines(house: House) -> list[str]:
    """Return what `--check` prints: the settings in force and what would run."""
    needed = descriptors_needed(house.settings)
    room = descriptor_line(needed, raise_limit(needed))
    return [*effective_lines(house.settings), *engine_lines(house), room]


def engine_lines(house: House) -> list[str]:
    """Return one line for each engine and one for the dialogue."""
    stt, tts, dialogue = house.recognizer, house.synthesizer, house.dialogue
    return [
        f"{stt.about}; language {stt.language}",
        f"{tts.about}; language {tts.language}",
        f"dialogue {dialogue.name}; language {dialogue.language}",
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="server.py",
        description="A voice agent behind a Twilio number.",
        epilog=help_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--check", action="store_true", help="check settings, dialogue and engines, and exit"
    )
    return parser


def _serve(house: House) -> int:
    metrics = Metrics()
    set_up_logging(
        house.settings.log_level,
        metrics.log_lines_lost.inc,
        private=not house.settings.log_transcripts,
    )
    take_uncaught(trace_of, private=not house.settings.log_transcripts)
    _make_room(house.settings)
    switch_threads_often()
    # As Ctrl+C, where uvicorn does not listen for it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(_run(house, metrics))
    finally:
        logger.remove()  # ends the sink thread once it has written what waits


def _make_room(settings: Settings) -> None:
    needed = descriptors_needed(settings)
    allowed = raise_limit(needed)
    if allowed < needed:
        logger.warning("{}", descriptor_line(needed, allowed))


async def _run(house: House, metrics: Metrics) -> int:
    settings = house.settings
    sock = bind(settings.host, settings.port)
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(sock.close)
        await _start_engines(house, stack)
        control = make_call_control(settings, metrics)
        if control is not None:
            stack.push_async_callback(control.aclose)
        spare_the_collector()
        runtime = loop_runtime(_warn_slow_turn, metrics.beats_skipped.inc)
        _watch_engines(house, metrics)
        engines = Engines(house.recognizer, house.synthesizer, house.dialogue)
        new_log = begin_call_logs(settings, metrics.call_log_lines_lost.inc, stack.callback)
        recorder = begin_recordings(settings, metrics.recordings_cut.inc, stack.callback)
        root = CallRoot(runtime, settings, engines, metrics, logger, control, new_log, recorder)
        names = {"stt": house.recognizer.name, "tts": house.synthesizer.name}
        status = ServerStatus(root, names)
        load = load_listener(root.admission)
        watch_loop(metrics.loop_lag, metrics.loop_blockages, load, stack.callback)
        server = make_server(settings, status, metrics, runtime.clock, house.dialogue.language)
        await _live(server, sock, house, status)
    return CUT_SHORT if server.forced else 0


async def _live(
    server: DrainingServer, sock: socket.socket, house: House, status: ServerStatus
) -> None:
    """Serve until told to stop, warming up and announcing meanwhile."""
    asides = [
        asyncio.create_task(_warm(house, status)),
        asyncio.create_task(_announce(server, sock, house)),
    ]
    try:
        await server.serve(sockets=[sock])
    finally:
        for task in asides:
            task.cancel()
        await asyncio.gather(*asides, return_exceptions=True)


async def _start_engines(house: House, stack: contextlib.AsyncExitStack) -> None:
    started: list[Engine] = []
    stack.push_async_callback(_close, started)
    for engine in (house.recognizer, house.synthesizer, house.dialogue):
        if isinstance(engine, Engine):
            started.append(engine)
            await engine.start()
    for line in engine_lines(house):
        logger.info("{}", line)


async def _close(engines: Sequence[Engine]) -> None:
    """Close them side by side, so that one that hangs holds up nothing but itself."""
    try:
        async with asyncio.timeout(ENGINES_CLOSE_S):
            closing = (engine.aclose() for engine in engines)
            ends = await asyncio.gather(*closing, return_exceptions=True)
    except TimeoutError:
        logger.warning("engines: not closed within {:.1f} s, going on", ENGINES_CLOSE_S)
        return
    for error in filter(None, ends):
        logger.warning("engines: not closed well: {}", type(error).__name__)


async def _warm(house: House, status: ServerStatus) -> None:
    """Synthesise what is certain to be said, so that the first caller does not wait."""
    try:
        async with asyncio.timeout(WARM_TIMEOUT_S):
            await house.synthesizer.warm(house.dialogue.stock_replies())
    except TimeoutError:
        logger.warning("warm-up: not done within {:.0f} s, going on", WARM_TIMEOUT_S)
    except Exception as error:  # noqa: BLE001  # a task's end: a cold start is slow, not broken
        logger.warning("warm-up: failed, going on: {}", type(error).__name__)
    finally:
        status.started = True


async def _announce(server: DrainingServer, sock: socket.socket, house: House) -> None:
    await server.listening.wait()
    settings = house.settings
    logger.info("{}", boot_line(streaming=settings.use_streaming_stt))
    host, port = sock.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logger.info("listening on http://{}:{}", shown, port)
    if settings.loopback_only:
        logger.info("no TWILIO_AUTH_TOKEN: only callers on this machine are served")
    else:
        logger.info("webhook for Twilio: https://{}/webhook/voice", settings.public_host)


def _watch_engines(house: House, metrics: Metrics) -> None:
    cache = house.synthesizer
    for name, engine in (("stt", house.recognizer), ("tts", cache.inner)):
        if isinstance(engine, Counting):
            metrics.engines.watch(f"{name}_{engine.name}", engine.counts)
    metrics.engines.watch("phrase_cache", cache.counts)
    if isinstance(house.dialogue, Counting):
        metrics.engines.watch("agent", house.dialogue.counts)


def _warn_slow_turn(actor: str, took_s: float) -> None:
    logger.warning("slow turn: {} took {:.0f} ms", actor, took_s * 1000)


if __name__ == "__main__":
    sys.exit(main())
