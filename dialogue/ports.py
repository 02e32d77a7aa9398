"""The port of a brain: what the agent tells it, and what it may answer.

A brain belongs to one call and keeps that call's state. It is told of one thing at a time
and answers through a sink, at once or over time, so that a model that streams its words
fits the same port as a script. The rules are those of `speech.ports`: the sink is called on
the loop's thread only, perhaps before `respond()` has returned; nothing blocks; after
`cancel()` the sink is never called again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, runtime_checkable

KEYS: Final = frozenset("0123456789*#")
"""The keys of a telephone; A to D of ITU-T Q.23 are on no caller's."""

MAX_DIGITS: Final = 64
"""Keys in one entry. A card has at most 19 (ISO/IEC 7812-1)."""

ENTRY_TIMEOUT_RANGE_S: Final = (0.5, 60.0)
"""After the last key: nobody finds the next one faster for certain, and a caller who needs
longer has put the telephone down."""

MAX_NOTE_CHARS: Final = 1000
"""Characters of one note: a page that an operator reads, and what a call keeps 20 of."""


class Line(Protocol):
    """Something that was said on the call."""

    @property
    def who(self) -> Literal["caller", "agent"]:
        """Who said it."""
        ...

    @property
    def text(self) -> str:
        """The words. The agent's are those that the caller really heard, once it is over."""
        ...


ToolOutcome = Literal["done", "refused", "late", "failed", "unknown", "interrupted"]
"""How the call of a tool ended: with a result; with the tool's own no, or arguments that do not
fit; past its time; by an exception; there is no such tool; the reply was given up meanwhile."""


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A model has called a tool of its own accord."""

    name: str
    """Empty for a tool that there is not: what a model makes up is not to be shown."""

    outcome: ToolOutcome
    took_ms: float
    arguments: str
    """JSON, as the model wrote it, perhaps long. Personal data."""


ToolSink = Callable[[ToolUsed], object]


def unnoted(_used: ToolUsed) -> None:
    """Take note of no tool: nobody keeps a log."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a brain may know of its call. Personal data."""

    call_sid: str
    caller: str
    """The caller's number as the carrier gives it; empty where it does not."""

    history: Sequence[Line]
    """The conversation so far, oldest first, bounded; it is the agent's own and goes on
    changing: what a `CallerSaid` says is its last line by the time the brain is told."""

    on_tool: ToolSink = field(default=unnoted, repr=False, compare=False)
    """Told of every call of a tool as it ends, on the loop's thread; perhaps when the call is
    over already. Never blocks, never raises."""


@dataclass(frozen=True, slots=True)
class Manners:
    """What an agent says and does of its own accord, whatever its brain thinks."""

    apology: str
    """Said when a reply failed or was lost: asks the caller to say it again."""

    goodbye: str
    """Said when the call must end for a reason of our own."""

    one_moment: str
    """Said when the caller waits while the recogniser has trouble."""

    filler: str = ""
    """Said when the brain takes long over an answer; empty for nothing."""

    silence_after_s: float = 8.0
    """Seconds of nobody speaking after which `CallerSilent` is told."""

    backchannels: frozenset[str] = frozenset()
    """What a listening caller says without meaning to interrupt, as `dialogue.text.words`
    joined by single spaces."""


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
    """Nobody has spoken for `Manners.silence_after_s`."""


@dataclass(frozen=True, slots=True)
class RecognitionLost:
    """Nobody can make out what the caller says any more; keys still work."""


@dataclass(frozen=True, slots=True)
class CallerEntered:
    """The caller has keyed in what a `CollectDigits` asked for."""

    digits: str
    """Personal data; perhaps empty."""

    complete: bool
    """Whether the terminator or the last digit came; else the time was up."""


CallerEvent = (
    CallBegan | CallerSaid | CallerPressed | CallerEntered | CallerSilent | RecognitionLost
)


@dataclass(frozen=True, slots=True)
class Say:
    """Speak this. A reply may hold several; they are spoken in order."""

    text: str

    interruptible: bool = True
    """Whether the caller's voice stops it. A legal notice may have to be heard."""


@dataclass(frozen=True, slots=True)
class CollectDigits:
    """Take the caller's keys together from now on, until they are whole: `CallerEntered`."""

    max_digits: int
    """1 to `MAX_DIGITS`; the last one ends it."""

    terminator: str = "#"
    """One of `KEYS`, which ends it and is not part of it; empty for none."""

    timeout_s: float = 5.0
    """After the last key, within `ENTRY_TIMEOUT_RANGE_S`; before the first one the caller has
    the usual patience."""


@dataclass(frozen=True, slots=True)
class LeaveNote:
    """Keep something about this call for its operator."""

    text: str
    """At most `MAX_NOTE_CHARS`. Personal data."""


@dataclass(frozen=True, slots=True)
class ReplyBegan:
    """The brain has the first piece of its answer; nothing can be said yet.

    A model's first token: measured, not spoken. A brain that does not know leaves it out.
    """


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


BrainOutput = (
    ReplyBegan | Say | CollectDigits | LeaveNote | TransferCall | EndCall | ReplyDone | ReplyFailed
)
BrainSink = Callable[[BrainOutput], None]


class Reply(Protocol):
    """A reply being thought out."""

    def cancel(self) -> None:
        """Drop it; the sink hears nothing more. Calling twice is harmless."""
        ...


class Brain(Protocol):
    """What the agent says and does in one call."""

    @property
    def manners(self) -> Manners:
        """What is said of the agent's own accord; always the same."""
        ...

    def respond(self, event: CallerEvent, sink: BrainSink) -> Reply:
        """Answer an event: any number of outputs, then `ReplyDone` or `ReplyFailed`."""
        ...


@runtime_checkable
class Closing(Protocol):
    """A brain that wants to know when its call is over."""

    def close(self) -> None:
        """Let go of what the call held. Called once; returns at once, never raises."""
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

    def new_brain(self, call: CallFacts) -> Brain:
        """Make the brain of one call."""
        ...
