"""The port of a brain: what the agent tells it, and what it may answer.

A brain belongs to one call and keeps that call's state. It is told of one thing at a time
and answers through a sink, at once or over time, so that a model that streams its words
fits the same port as a script. The rules are those of `speech.ports`: the sink is called on
the loop's thread only, perhaps before `respond()` has returned; nothing blocks; after
`cancel()` the sink is never called again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CallBegan:
    """The caller is connected: greet them."""


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """The caller finished an utterance."""

    text: str
    """What was recognised; empty when it was speech that nobody could make out."""

    revises: bool = False
    """Whether this is the last utterance once more, with words added: the answer to it was
    not heard by anybody, and the brain is to go on as if it had never given one."""


@dataclass(frozen=True, slots=True)
class CallerPressed:
    """The caller pressed a key."""

    digit: str
    """`0`-`9`, `*` or `#`."""


@dataclass(frozen=True, slots=True)
class CallerSilent:
    """Nobody has spoken for the brain's `silence_after_s`."""


@dataclass(frozen=True, slots=True)
class RecognitionLost:
    """Nobody can make out what the caller says any more; keys still work."""


CallerEvent = CallBegan | CallerSaid | CallerPressed | CallerSilent | RecognitionLost


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this. A reply may hold several; they are spoken in order."""

    text: str


@dataclass(frozen=True, slots=True)
class TransferCall:
    """Connect the caller to somebody else once the reply has been spoken."""

    to: str
    """A telephone number in E.164 form, or a `sip:` URI."""


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up once the reply has been spoken."""


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """Nothing more belongs to this reply."""


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """The brain has no answer; the agent apologises."""

    detail: str
    """One line for the log, without anything the caller said."""


BrainOutput = Say | TransferCall | EndCall | ReplyDone | ReplyFailed
BrainSink = Callable[[BrainOutput], None]


class Reply(Protocol):
    """A reply being thought out."""

    def cancel(self) -> None:
        """Drop it; the sink hears nothing more. Calling twice is harmless."""
        ...


class Brain(Protocol):
    """What the agent says and does in one call."""

    @property
    def apology(self) -> str:
        """Said when a reply failed or was lost: asks the caller to say it again."""
        ...

    @property
    def goodbye(self) -> str:
        """Said when the call must end for a reason of our own."""
        ...

    @property
    def one_moment(self) -> str:
        """Said when the caller waits while the recogniser has trouble."""
        ...

    @property
    def silence_after_s(self) -> float:
        """Seconds of nobody speaking after which `CallerSilent` is told."""
        ...

    def respond(self, event: CallerEvent, sink: BrainSink) -> Reply:
        """Answer an event: any number of outputs, then `ReplyDone` or `ReplyFailed`."""
        ...


class Dialogue(Protocol):
    """What a server is set up to talk about; makes one brain for each call."""

    @property
    def name(self) -> str:
        """Its name in logs."""
        ...

    @property
    def language(self) -> str:
        """The BCP 47 tag it is written in, such as `en-US` or `he-IL`."""
        ...

    def phrases(self) -> Sequence[str]:
        """What callers are expected to say: a grammar for one engine, hints for another."""
        ...

    def stock_replies(self) -> Sequence[str]:
        """Texts worth synthesising before the first call needs them."""
        ...

    def new_brain(self) -> Brain:
        """Make the brain of one call."""
        ...
