"""What happens in a scenario, as plain data: what the caller does and when, what is expected.

Made by `scenario_file`, which has checked every value; performed by `play`. Nothing here
changes, reads files or knows of audio on a line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from phone.echo import EchoOptions
from phone.microphone import Network

AGENT_DONE_MS: Final = 600
"""Quiet after which the agent has finished; less is a pause between its sentences."""

WAIT_TIMEOUT_S: Final = 20.0
"""For the moment a turn waits for, unless the file says otherwise."""


# --- when the caller acts -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentDone:
    """Once the agent has said something since the turn before began, and is quiet again."""


@dataclass(frozen=True, slots=True)
class AgentSpeaking:
    """Once the agent is speaking and has been for a time."""

    for_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class SilenceOf:
    """Once the agent has been quiet for a time."""

    ms: float


@dataclass(frozen=True, slots=True)
class After:
    """A time after the turn before was over; 0 is at once."""

    ms: float


When = AgentDone | AgentSpeaking | SilenceOf | After


# --- what the caller does -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SayText:
    """Speak: texts, and pauses in milliseconds between them."""

    parts: tuple[str | float, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts alone."""
        return tuple(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class PlayWav:
    """Let a recording be heard."""

    path: Path
    audio: bytes
    """µ-law."""


@dataclass(frozen=True, slots=True)
class MakeNoise:
    """Make a sound without words, one of `play_sounds.NOISES`."""

    name: str


@dataclass(frozen=True, slots=True)
class PressKeys:
    """Press keys, one after the other."""

    keys: str


@dataclass(frozen=True, slots=True)
class KeepSilent:
    """Say nothing for a time, then go on with the next turn."""

    ms: float


@dataclass(frozen=True, slots=True)
class HangUpNow:
    """Hang up."""


@dataclass(frozen=True, slots=True)
class JustListen:
    """Do nothing; the turn only expects."""


Act = SayText | PlayWav | MakeNoise | PressKeys | KeepSilent | HangUpNow | JustListen


# --- what is expected -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Expect:
    """What must come of a turn; None or empty where nothing is asked."""

    limits_ms: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of `scenario_judge.TIMED`, in the order of the file."""

    hears: tuple[str, ...] = ()
    """What the agent's words must contain, each of them."""

    understood: str | None = None
    """What the server must have taken the caller's words for, or contain; "" for none."""

    transferred_to: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing the caller does."""

    when: When
    act: Act
    expect: Expect = field(default_factory=Expect)
    timeout_s: float = WAIT_TIMEOUT_S
    """For `when` to come true."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A whole file."""

    name: str
    """The file's name without its ending."""

    title: str
    language: str
    """BCP 47 tag of what the caller says: chooses the voice."""

    turns: Sequence[Turn]
    server: Mapping[str, str] = field(default_factory=dict[str, str])
    """Settings the server must run with; shown, never set by the phone."""

    gain_db: float = 0.0
    """The caller is louder or quieter by this."""

    echo: EchoOptions | None = None
    """How the agent's voice comes back on the line."""

    network: Network = field(default_factory=Network)

    def texts(self) -> list[str]:
        """Everything the caller says, each text once."""
        said = (
            text for turn in self.turns if isinstance(turn.act, SayText) for text in turn.act.texts
        )
        return list(dict.fromkeys(said))
