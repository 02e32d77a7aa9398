"""The parts of one call: its mailboxes, what its children hand on, and how to start them.

Made once for each call and owned by its root, so that they outlive every actor of it, the
CallActor included. Starting and stopping in order is here; deciding when is CallActor's.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from pykka import ActorRef

from actors.agent import AgentActor
from actors.agent_history import HistoryLine
from actors.agent_memory import AgentMemory
from actors.call_notes import note_tool
from actors.context import CallContext
from actors.engines import Engines
from actors.floor import REQUEST_S
from actors.mailbox import Mailbox
from actors.messages import (
    AgentMessage,
    CallConnected,
    CallMessage,
    ControlOverflowed,
    OpenStream,
    RxMessage,
    SttMessage,
    TxMessage,
)
from actors.outcome import HungUp, Outcome
from actors.rx import RxActor, RxState
from actors.socket import CallerSocket
from actors.stt import SttActor
from actors.stt_state import SttState
from actors.supervision import Child, ChildSpec, RestartBudget
from actors.tx import TxActor, TxState
from dialogue.ports import CallFacts, Closing
from media.frame import FRAME_MS
from media.playout import PlayoutClock
from media.ring import AudioRing

WORDS_AT_THE_END_S: Final = 1.2
"""From the end of a voice to its words, for a recogniser that says nothing before."""

NO_MEDIA: Final = 0
"""Capacity for media of a mailbox that is never sent any."""


class CallParts:
    """Mailboxes, children and their common memory."""

    def __init__(
        self,
        context: CallContext,
        engines: Engines,
        socket: CallerSocket,
        on_call_overflow: Callable[[str], None],
        caller: str = "",
    ) -> None:
        """Make the parts; nothing is started yet.

        Args:
            context: the call's surroundings.
            engines: what it hears, thinks and speaks with.
            socket: the caller's.
            on_call_overflow: called when CallActor's own mailbox is at its cap.
            caller: the caller's number, personal data: for the brain alone.
        """
        settings = context.settings
        self.context = context
        self.engines = engines
        self.socket = socket
        self.stt_single = not settings.use_streaming_stt
        self.stt_maybe_noise = False
        """Whether streaming was given up because nothing came of a voice."""
        self.outcome: Outcome = HungUp()
        """What is to happen after the stream; the webhook may ask before the call is over."""
        self.call: Mailbox[CallMessage] = self._mailbox("call", NO_MEDIA, on_call_overflow)
        self.rx: Mailbox[RxMessage] = self._mailbox("rx", settings.rx_mailbox_frames)
        self.stt: Mailbox[SttMessage] = self._mailbox("stt", settings.stt_mailbox_frames)
        self.agent: Mailbox[AgentMessage] = self._mailbox("agent", NO_MEDIA)
        self.tx: Mailbox[TxMessage] = self._mailbox("tx", settings.tx_mailbox_frames)
        self.rx_state = RxState()
        self.stt_state = SttState(AudioRing(settings.stt_ring_ms // FRAME_MS))
        self.tx_state = TxState(PlayoutClock(settings.tx_lead_frames))
        history: deque[HistoryLine] = deque(maxlen=settings.history_entries)
        facts = CallFacts(context.call_sid, caller, history, partial(note_tool, context))
        self.memory = AgentMemory(engines.dialogue.new_brain(facts), history)
        self.hear_by(single=self.stt_single)
        self.children = {spec.name: Child(spec) for spec in self._specs()}

    @property
    def mailboxes(self) -> tuple[Mailbox[Any], ...]:
        """All mailboxes of the call, in the order audio takes."""
        return (self.rx, self.stt, self.agent, self.tx, self.call)

    def hear_by(self, *, single: bool) -> None:
        """Say how STT recognises from now on, and how late its words therefore are.

        Args:
            single: by single requests instead of a stream.
        """
        guesses = not self.engines.recognizer.signs_of_life
        late_s = WORDS_AT_THE_END_S if guesses else 0.0
        self.stt_single = single
        self.memory.words_are_guesses = guesses
        self.memory.words_after_s = REQUEST_S if single else late_s

    def stop_children(self) -> None:
        """Ask all children to stop, sources before sinks. Does not wait."""
        for name in ("rx", "stt", "agent", "tx"):
            self.children[name].stop()

    def take_apart(self) -> None:
        """Let go of each other, once the call is over.

        What is freed at once waits for no garbage collection; those hold up every call.
        """
        self.children.clear()
        if isinstance(self.memory.brain, Closing):
            self.memory.brain.close()

    def _mailbox(
        self, name: str, media_frames: int, on_overflow: Callable[[str], None] | None = None
    ) -> Mailbox[Any]:
        return Mailbox(
            name,
            media_frames=media_frames,
            control_messages=self.context.settings.control_mailbox_messages,
            on_overflow=on_overflow or self._report_overflow,
        )

    def _report_overflow(self, mailbox: str) -> None:
        self.call.post(ControlOverflowed(mailbox))

    # --- child specifications, in the order of starting ------------------------------

    def _specs(self) -> tuple[ChildSpec, ...]:
        settings = self.context.settings
        others = RestartBudget(settings.child_restarts)
        stt = RestartBudget(settings.stt_restarts, refill_after_s=settings.stt_refill_s)
        backoff_s = settings.stt_backoff_ms / 1000
        return (
            ChildSpec("rx", self.rx, self._start_rx, others),
            ChildSpec("tx", self.tx, self._start_tx, others),
            ChildSpec("stt", self.stt, self._start_stt, stt, backoff_s),
            ChildSpec("agent", self.agent, self._start_agent, others),
        )

    def _start_rx(self) -> ActorRef[Any]:
        return RxActor.start(self.context, self.rx, self.call, self.rx_state, self.stt)

    def _start_tx(self) -> ActorRef[Any]:
        return TxActor.start(
            self.context, self.tx, self.call, self.tx_state, self.agent, self.socket
        )

    def _start_stt(self) -> ActorRef[Any]:
        ref = SttActor.start(
            self.context,
            self.stt,
            self.call,
            self.stt_state,
            self.engines.recognizer,
            self.agent,
            self.call,
        )
        self.stt.post(OpenStream(self.stt_single, self.stt_single and self.stt_maybe_noise))
        return ref

    def _start_agent(self) -> ActorRef[Any]:
        ref = AgentActor.start(
            self.context,
            self.agent,
            self.call,
            self.memory,
            self.engines.synthesizer,
            self.tx,
            self.call,
        )
        self.agent.post(CallConnected())
        return ref
