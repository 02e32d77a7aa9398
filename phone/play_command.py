"""`python -m phone play FILE…`: its arguments, what it prints, its exit code.

Reads all scenarios before the first call. Prints through a function that `__main__` gives.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from phone.admin_token import add_admin_token, admin_token
from phone.call import CallOptions
from phone.line_options import LineOptions
from phone.play_call import Outcome, play_all
from phone.play_voice import speak_texts
from phone.scenario import Scenario
from phone.scenario_file import load_scenario

DEFAULT_URL: Final = "http://localhost:8080"


def add_arguments(play: argparse.ArgumentParser, at_once: Callable[[str], int]) -> None:
    """Add the arguments of `play`; `at_once` reads a number from 1."""
    add = play.add_argument
    add("files", type=Path, nargs="+", metavar="FILE", help="scenarios, TOML (docs/phone.md)")
    add("--url", default=DEFAULT_URL, help=f"the server; {DEFAULT_URL} by default")
    add("--at-once", type=at_once, default=1, help="scenarios played at the same time")
    add("--quiet", action="store_true", help="print the verdicts only")
    add("--auth-token", help="sign webhooks and the upgrade as Twilio would")
    add("--public-url", help="the server's URL as Twilio knows it, for the signature")
    add_admin_token(play)
    add("--record", type=Path, metavar="FOLDER", help="record each call as FOLDER/NAME.wav")


async def play_files(parsed: argparse.Namespace, write: Callable[[str], None]) -> int:
    """Play the scenarios of a command line.

    Returns:
        0 when all went as expected, else 1.

    Raises:
        PhoneError: a file is wrong, or the voice cannot speak.
    """
    scenarios = [load_scenario(path) for path in parsed.files]
    options = CallOptions(
        parsed.url,
        auth_token=parsed.auth_token,
        public_url=parsed.public_url,
        admin_token=admin_token(parsed),
        line=LineOptions(recording=parsed.record),
    )
    several = len(scenarios) > 1

    def tell(scenario: Scenario, text: str) -> None:
        if not parsed.quiet:
            write(f"{scenario.name}: {text}" if several else text)

    for scenario in scenarios:
        tell(scenario, heading(scenario))
    outcomes = await play_all(options, scenarios, speak_texts, tell, parsed.at_once)
    write(closing(outcomes))
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def heading(scenario: Scenario) -> str:
    """What a scenario is about, and what the server must be set up with."""
    needs = " ".join(f"{name}={value}" for name, value in scenario.server.items())
    return f"{scenario.title} [{needs}]" if needs else scenario.title


def closing(outcomes: Sequence[Outcome]) -> str:
    """The verdicts, and how many are good where there are several."""
    lines = [
        " ".join([outcome.verdict(), *(f"[{note}]" for note in outcome.notes)])
        for outcome in outcomes
    ]
    if len(outcomes) > 1:
        good = sum(outcome.ok for outcome in outcomes)
        lines.append(f"{good} of {len(outcomes)} scenarios went as expected")
    return "\n".join(lines)
