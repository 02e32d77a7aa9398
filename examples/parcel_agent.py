"""Asks for a number on the keys: `AGENT=examples.parcel_agent:parcel_agent`.

Plain code, here a generator, runs in a thread: it may block, for instance in a database
driver. A function can be an agent too, where nothing has to be remembered.
"""

from collections.abc import Callable, Iterator

from dialogue.ports import (
    BrainOutput,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallFacts,
    CollectDigits,
    TransferCall,
)

PARCELS = {"12345": "is with the driver and comes today", "54321": "waits for you at the shop"}


def ask() -> Iterator[str | BrainOutput]:
    """Ask for the number."""
    yield "Please key in the five digits of your parcel."
    yield CollectDigits(5, timeout_s=8)


def respond(event: CallerEvent) -> Iterator[str | BrainOutput]:
    """Answer an event of a call."""
    match event:
        case CallBegan():
            yield "Hello, this is the parcel line."
            yield from ask()
        case CallerEntered(digits, complete=True) if digits in PARCELS:
            yield f"Parcel {', '.join(digits)} {PARCELS[digits]}."
            yield "One moment, I connect you to a person, should you want to know more."
            yield TransferCall("+15555550100")
        case CallerEntered():
            yield "I know no such parcel."
            yield from ask()
        case _:
            return  # The dialogue file knows what to say.


def parcel_agent(call: CallFacts) -> Callable[[CallerEvent], Iterator[str | BrainOutput]]:  # noqa: ARG001  # needs nothing
    """Make the agent of one call."""
    return respond
