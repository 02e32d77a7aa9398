"""The phone on the command line: `call`, `play`, `check`, `listen`, `replay`.

Reads arguments, prints, and turns results into exit codes: 0 for a good call, 1 for a bad
one or an error, 2 for wrong arguments and for a recording that cannot be replayed. Who reads
what is printed may go away: that is no error. Everything else is in the library.
"""

import argparse
import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from phone.admin_token import add_admin_token, admin_token
from phone.call import VOICE_PATH, CallOptions
from phone.calls import hold_call, hold_calls
from phone.check_command import add_check_arguments, check_server
from phone.echo import parse_echo
from phone.errors import PhoneError
from phone.line_options import LineOptions
from phone.listening import describe_channel, measure
from phone.microphone import Network
from phone.play_command import add_arguments, play_files
from phone.report import CallReport
from phone.report_text import call_text, summary_text, verdict
from phone.script import Step, load_script, say_each
from phone.transcript import fetch_transcript
from phone.wav import read_channels

DEMO: Final = Path(__file__).with_name("demo.toml")
"""The conversation that is held unless another one is asked for."""

DEFAULT_RECORDING: Final = Path("last.call.wav")
"""Where a single call is recorded unless told otherwise."""

UNUSABLE: Final = 2
"""Exit code of wrong arguments, argparse's own; 1 is the verdict of a replay that differs."""

NOBODY_READS: Final = 128 + signal.SIGPIPE
"""Exit code that a shell shows for a program that a broken pipe has ended."""


class _NobodyReadsError(Exception):
    """Who was to read what is printed has gone."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parsed = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal may have no arrows, and no half a surrogate pair.
        sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore[reportUnknownMemberType]
    try:
        return _command(parsed)
    except PhoneError as error:
        print(f"phone: {error}", file=sys.stderr)
    except _NobodyReadsError:
        return NOBODY_READS
    except KeyboardInterrupt:
        print("phone: interrupted", file=sys.stderr)
    return 1


def _command(parsed: argparse.Namespace) -> int:
    if parsed.command == "listen":
        return _listen(parsed.file)
    if parsed.command == "replay":
        return _replay(parsed)
    if parsed.command == "play":
        return _run(play_files(parsed, _print_now))
    if parsed.command == "check":
        return _run(check_server(parsed, _print_now))
    return _run(_calls(parsed))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="phone", description="A Twilio Media Streams phone.")
    commands = parser.add_subparsers(dest="command", required=True)
    _call_arguments(commands.add_parser("call", help="place calls against a server"))
    add_arguments(commands.add_parser("play", help="play scenarios"), _positive)
    add_check_arguments(commands.add_parser("check", help="go or no-go before a deployment"))
    listen = commands.add_parser("listen", help="measure a recording")
    listen.add_argument("file", type=Path, help="a WAV file, 8000 Hz, µ-law or PCM16")
    _replay_arguments(commands.add_parser("replay", help="run a recorded call again"))
    return parser


def _call_arguments(call: argparse.ArgumentParser) -> None:
    add = call.add_argument
    add("url", help="http://host:port of the server, or ws://… of its media socket")
    add("--say", type=Path, nargs="+", metavar="WAV", help="say these instead of the demo")
    add("--script", type=Path, default=DEMO, help="hold this conversation instead of the demo")
    add("--times", type=_positive, default=1, help="calls one after another")
    add("--at-once", type=_positive, default=1, help="calls at the same time")
    add("--out", type=Path, metavar="WAV", help=f"recording (one call: {DEFAULT_RECORDING})")
    add("--json", action="store_true", help="print the report as JSON and nothing else")
    add("--quiet", action="store_true", help="print the verdict only")
    add("--auth-token", help="sign webhooks and the upgrade as Twilio would")
    add("--public-url", help="the server's URL as Twilio knows it, for the signature")
    add_admin_token(call)
    add("--ws-url", help="connect the stream to this socket, whatever the TwiML says")
    add("--voice-path", default=VOICE_PATH, help="path of the voice webhook")
    add("--parameter", action="append", default=[], metavar="NAME=VALUE", help="ws:// only")
    add("--jitter-ms", type=_amount, default=0.0, help="delay each caller frame by up to this")
    add("--burst-every-s", type=_amount, default=0.0, help="hold frames back this often")
    add("--burst-ms", type=_amount, default=0.0, help="for this long")
    add("--loss", type=_amount, default=0.0, help="share of caller frames lost, 0 to 1")
    add("--echo", type=parse_echo, metavar="MS:DB", help="line echo, such as 300:-12")
    add("--no-silence", action="store_true", help="send no media while the caller is silent")


def _replay_arguments(replay: argparse.ArgumentParser) -> None:
    add = replay.add_argument
    add("file", type=Path, help="a recording of a server with CALL_LOG_REPLAY=true")
    add("--until", type=_amount, metavar="SECONDS", help="stop there and show the last messages")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="change a setting")
    add("--times", type=_positive, default=1, help="replay it so often, verdicts only")
    add("--texts", action="store_true", help="show what was said: private")
    add("--quiet", action="store_true", help="print the verdict only")


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, not {text}")
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number from 0, not {text}")
    return value


def _listen(path: Path) -> int:
    channels = read_channels(path)
    names = ("caller", "agent") if len(channels) > 1 else ("audio",)
    for name, samples in zip(names, channels, strict=True):
        _print_now(describe_channel(name, measure(samples)))
    return 0


def _replay(parsed: argparse.Namespace) -> int:
    """Run a recording on the server's own actors: the one command that needs the server's code."""
    from replay.command import RecordingError, replay_file  # noqa: PLC0415

    try:
        return replay_file(parsed, _print_now)
    except RecordingError as error:
        print(f"phone: {error}", file=sys.stderr)
        return UNUSABLE


def _run(work: Coroutine[Any, Any, int]) -> int:
    return _loop_runner()(work)


def _loop_runner() -> Callable[[Coroutine[Any, Any, int]], int]:
    try:
        import uvloop  # noqa: PLC0415 - it is not on every platform
    except ImportError:
        return asyncio.run
    return uvloop.run


async def _calls(parsed: argparse.Namespace) -> int:
    script = say_each(parsed.say) if parsed.say else load_script(parsed.script)
    single = parsed.times == parsed.at_once == 1
    options = _options(parsed, single=single)
    if single:
        return await _single(parsed, options, script)
    reports = await hold_calls(options, script, times=parsed.times, at_once=parsed.at_once)
    if parsed.json:
        _print_json(reports)
    else:
        text = summary_text(reports)
        _print_now(text.rsplit("\n\n", 1)[-1] if parsed.quiet else text)
    return _exit_code(reports)


async def _single(parsed: argparse.Namespace, options: CallOptions, script: Sequence[Step]) -> int:
    tells = not (parsed.json or parsed.quiet)
    report = await hold_call(options, script, _print_now if tells else _ignore)
    if parsed.json:
        _print_json([report])
    elif parsed.quiet or report.line is None:
        _print_now(verdict(report))
    else:
        words = await fetch_transcript(options.url, report.call_sid, options.admin_token)
        _print_now(f"\n{words}\n")
        _print_now(f"recording       {options.line.recording}")
        _print_now(call_text(report))
    return _exit_code([report])


def _options(parsed: argparse.Namespace, *, single: bool) -> CallOptions:
    network = Network(parsed.jitter_ms, parsed.burst_every_s, parsed.burst_ms, parsed.loss)
    line = LineOptions(
        network=network,
        sends_silence=not parsed.no_silence,
        echo=parsed.echo,
        recording=parsed.out or (DEFAULT_RECORDING if single else None),
    )
    return CallOptions(
        url=parsed.url,
        auth_token=parsed.auth_token,
        public_url=parsed.public_url,
        admin_token=admin_token(parsed),
        ws_url=parsed.ws_url,
        voice_path=parsed.voice_path,
        parameters=_parameters(parsed.parameter),
        line=line,
    )


def _parameters(pairs: Sequence[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise PhoneError(f"--parameter {pair}: expected NAME=VALUE")
    return dict(pair.split("=", 1) for pair in pairs)


def _print_json(reports: Sequence[CallReport]) -> None:
    document = {
        "ok": all(report.ok for report in reports),
        "calls": [report.as_json() for report in reports],
    }
    _print_now(json.dumps(document, indent=2))


def _print_now(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # What could not be printed would be tried once more as the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise _NobodyReadsError from None


def _ignore(_: str) -> None:
    """Take progress nobody wants to see."""


def _exit_code(reports: Sequence[CallReport]) -> int:
    return 0 if all(report.ok for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
