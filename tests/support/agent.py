"""A stage on which only the agent is real, with a TX that holds what it gets until drained."""

from collections import deque
from typing import Any

from actors.agent import AgentActor
from actors.agent_memory import AgentMemory
from actors.messages import (
    CallConnected,
    Clear,
    DigitPressed,
    FinalTranscript,
    FramesWanted,
    Hangup,
    Mark,
    MarkPlayed,
    OutboundFrame,
    PartialTranscript,
    SpeechConfirmed,
    SpeechStarted,
    Transfer,
)
from dialogue import ports as brains
from tests.support.context import HandBrain, Poison, Stage, logged
from tests.support.engines import CountingSynthesizer, EchoBrain
from tests.support.peers import RecordingPeer

ENDINGS = [("hang up", Hangup("goodbye")), ("transfer", Transfer("+15550100"))]
"""What makes the `EchoBrain` end the call, and how."""


class AgentRig(Stage):
    """A call of which only the agent is real."""

    def __init__(self) -> None:
        super().__init__()
        self.mailbox = self.new_mailbox("agent")
        self.synthesizer = CountingSynthesizer()
        self.tx = RecordingPeer()
        self.tx.on_post = self._hold
        self.think(EchoBrain())

    def think(self, brain: Any) -> Any:
        """Give the agent a brain."""
        self.brain = brain
        self.memory = AgentMemory(brain, deque(maxlen=200))
        return brain

    def _hold(self, message: Any) -> None:
        self.tx.held += isinstance(message, OutboundFrame)
        if isinstance(message, Clear):
            self.tx.held = 0

    def start(self) -> None:
        """Start the agent, or its successor."""
        peers = (self.mailbox, self.supervisor, self.memory, self.synthesizer, self.tx, self.call)
        ref = AgentActor.start(self.context, *peers)
        self.mailbox.post(CallConnected())
        self.started(ref)

    def tell(self, *messages: Any) -> None:
        for message in messages:
            self.mailbox.post(message)
        self.settle()

    def greeted(self) -> None:
        """Start and let the caller hear the greeting."""
        self.start()
        self.play()

    def final(self, text: str, utterance: int = 1) -> None:
        self.tell(FinalTranscript(utterance, text, self.clock.now()))

    def say(self, *outputs: brains.BrainOutput) -> None:
        """Let a `HandBrain` say something for the newest event."""
        for output in outputs:
            self.brain.sinks[-1](output)
        self.settle()

    def pull(self) -> None:
        """Let TX send all it holds and ask for more."""
        self.tx.held = 0
        self.tell(FramesWanted())

    def pull_some(self) -> None:
        """Let TX ask for more than it still holds."""
        self.tell(FramesWanted())

    def think_slowly(self) -> None:
        """From now on the brain answers only when the test makes it."""
        brain = HandBrain(manners=self.brain.manners, told=self.brain.told)
        self.brain = self.memory.brain = brain

    def play(self, until: str = "end") -> None:
        """Let everything be sent and the marks of the newest epoch be played, up to one."""
        for _ in range(60):
            self.pull()
        for mark in self.marks_of(self.memory.epoch):
            self.tell(MarkPlayed(mark.name, mark.epoch))
            if mark.name.startswith(until):
                return

    def crash(self) -> None:
        with logged():
            self.tell(Poison())
        assert len(self.failures) == 1

    def marks_of(self, epoch: int) -> list[Mark]:
        return [mark for mark in self.tx.of(Mark) if mark.epoch == epoch]

    def audio(self, epoch: int) -> bytes:
        """What TX got of a playback."""
        return b"".join(f.payload for f in self.tx.of(OutboundFrame) if f.epoch == epoch)

    @property
    def spoken(self) -> list[str]:
        return [job.text for job in self.synthesizer.jobs]

    @property
    def history(self) -> list[tuple[str, str]]:
        return [(entry.who, entry.text) for entry in self.memory.history]

    @property
    def told(self) -> list[brains.CallerEvent]:
        told: list[brains.CallerEvent] = self.brain.told
        return told


def speech(rig: AgentRig) -> None:
    """Let the caller speak for long enough to be meant."""
    rig.tell(SpeechStarted(rig.clock.now()), SpeechConfirmed())


def partial(rig: AgentRig) -> None:
    rig.tell(PartialTranscript(1, "wait", rig.clock.now()))


def final(rig: AgentRig) -> None:
    rig.final("wait")


def key(rig: AgentRig) -> None:
    rig.tell(DigitPressed("5"))
