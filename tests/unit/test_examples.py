"""The examples hold the conversations that they are examples of."""

import asyncio
import re
from pathlib import Path

import pytest

from dialogue.own_agent import OwnDialogue
from dialogue.ports import (
    BrainOutput,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    CollectDigits,
    EndCall,
    LeaveNote,
    Say,
    TransferCall,
)
from settings import Settings
from tests.support.own_agents import CALL, LONG, ask, script

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PAGE = ROOT / "docs" / "agents.md"


def conversation(spec: str, *events: CallerEvent) -> list[list[BrainOutput]]:
    """Hold one call with an agent named as in the setting."""

    async def call() -> list[list[BrainOutput]]:
        dialogue = OwnDialogue(script(), spec, Settings.model_construct(None, **LONG))
        brain = dialogue.new_brain(CALL)
        heard = [await ask(brain, event) for event in events]
        await dialogue.aclose()
        return heard

    return asyncio.run(call())


def test_echo_repeats_what_was_said_and_leaves_the_rest_to_the_file() -> None:
    events = (CallBegan(), CallerSaid("good morning"), CallerSaid(""), CallerPressed("0"))
    assert conversation("examples.echo_agent:EchoAgent", *events) == [
        [Say("Hello from the file.")],
        [Say("You said: good morning")],
        [Say("What?")],
        [Say("One moment."), TransferCall("+15555550100")],
    ]


def test_echo_is_ten_lines() -> None:
    lines = (EXAMPLES / "echo_agent.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) == 10


def test_weather_is_looked_up_and_the_call_ends_with_a_note() -> None:
    events = (
        CallBegan(),
        CallerSaid("what is it like in Paris"),
        CallerSaid("And in London?"),
        CallerSilent(),
        CallerSaid("Thank you, goodbye."),
    )
    assert conversation("examples.weather_agent:weather_agent", *events) == [
        [
            Say("Hello. For which city shall I look up the weather?"),
            Say("This call is not recorded.", interruptible=False),
        ],
        [Say("I know the weather in London and Haifa only.")],
        [Say("The weather in London."), Say("It is rain until noon, then a little sun.")],
        [Say("Still there?")],
        [LeaveNote("last asked about: london"), Say("Goodbye."), EndCall()],
    ]


def test_parcel_is_asked_for_by_its_digits() -> None:
    events = (
        CallBegan(),
        CallerEntered("11111", complete=True),
        CallerEntered("12345", complete=False),
        CallerEntered("12345", complete=True),
    )
    asked = [Say("Please key in the five digits of your parcel."), CollectDigits(5, "#", 8)]
    assert conversation("examples.parcel_agent:parcel_agent", *events) == [
        [Say("Hello, this is the parcel line."), *asked],
        [Say("I know no such parcel."), *asked],
        [Say("I know no such parcel."), *asked],
        [
            Say("Parcel 1, 2, 3, 4, 5 is with the driver and comes today."),
            Say("One moment, I connect you to a person, should you want to know more."),
            TransferCall("+15555550100"),
        ],
    ]


def test_documentation_shows_the_echo_as_it_is_and_its_test_passes() -> None:
    page = PAGE.read_text(encoding="utf-8").partition("## Your own agent")[2]
    shown, tested = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[:2]
    assert shown == (EXAMPLES / "echo_agent.py").read_text(encoding="utf-8")
    exec(tested, {})  # noqa: S102  # our own documentation
