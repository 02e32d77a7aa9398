"""A call in which the agent tells a story and the caller makes sounds, frame by frame."""

from collections.abc import Iterator

import pytest

from actors.messages import (
    MarkPlayed,
    PartialTranscript,
    PlaybackStarted,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
)
from dialogue import ports as brains
from media.frame import FRAME_BYTES
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, staged
from tests.support.engines import EchoBrain

STORY = "once upon a time there was a very long story that went on and on for ever and ever"
FRAMES = 5 * len(STORY)

LAW = "this call is recorded"
"""What must be heard."""

LAW_FRAMES = 5 * len(LAW)

MANNERS = brains.Manners(
    "sorry",
    "bye",
    "one moment",
    filler="let me see",
    backchannels=frozenset({"mhm", "yes"}),
)


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    """An agent whose greeting is a long story."""
    with staged(AgentRig) as stage:
        stage.think(EchoBrain(manners=MANNERS, greeting=STORY))
        yield stage


def speaks(rig: AgentRig, frames: int = 100) -> None:
    """Let the agent speak so many frames into the caller's ear, by the clock."""
    rig.start()
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    hears(rig, frames)


def hears(rig: AgentRig, frames: int) -> None:
    for _ in range(frames):
        rig.clock.advance(0.02)
        rig.tx.held = max(0, rig.tx.held - 1)
        if rig.tx.held <= 8:
            rig.pull_some()
    rig.settle()


def notice(rig: AgentRig, frames: int = 50, *, story: bool = True) -> None:
    """A brain says something that must be heard, then perhaps something else."""
    rig.think(HandBrain(manners=rig.brain.manners))
    rig.start()
    rig.say(brains.Say(LAW, interruptible=False))
    rig.say(*[brains.Say(STORY)] * story, brains.ReplyDone())
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    hears(rig, frames)


def behind_the_notice(rig: AgentRig, *, all_told: bool = True) -> None:
    """Let the caller hear the notice to its end, which a mark behind it proves.

    Args:
        rig: the call.
        all_told: whether the brain is told of everything kept; else of the first thing only.
    """
    hears(rig, LAW_FRAMES + 20)
    ats = [mark.name for mark in rig.marks_of(rig.memory.epoch) if mark.name.startswith("at")]
    name = next(at for at in ats if int(at[2:].partition("#")[0]) >= LAW_FRAMES)
    rig.tell(MarkPlayed(name, rig.memory.epoch))
    if all_told:
        rig.advance(0.0)


def voice(rig: AgentRig, lasts_s: float = 0.3) -> None:
    rig.tell(SpeechStarted(rig.clock.now()), SpeechConfirmed())
    rig.advance(lasts_s)


def quiet(rig: AgentRig, lasts_s: float = 0.0) -> None:
    rig.tell(SpeechStopped(rig.clock.now()))
    rig.advance(lasts_s)


def payloads(rig: AgentRig, epoch: int) -> list[bytes]:
    audio = rig.audio(epoch)
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def says(rig: AgentRig, text: str) -> None:
    rig.tell(PartialTranscript(9, text, rig.clock.now()))
