"""The recognising side of a call: the caller's audio goes in, transcripts come out.

The only writer to the recogniser, and the only one to fill the call's ring: every frame
enters it at once, whether the recogniser is ready or not. How the ring is recognised is
the business of a session, streaming or by single requests. A stream that fails makes this
actor fail: restarting is the supervisor's decision. Frames come from RX; transcripts go to
the agent, proof of life to the call.
"""

from typing import Any, assert_never

from actors.context import CallContext
from actors.family import OutOfBand
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import (
    AgentMessage,
    CallMessage,
    ChildFailed,
    FailDeaf,
    InboundFrame,
    OpenStream,
    SttMessage,
)
from actors.peer import Peer, to_nobody
from actors.stt_feed import StreamHeard
from actors.stt_probe import ProbeDue, ProbeOver, StreamProbe
from actors.stt_single import RequestAnswered, RequestTimedOut, RetryDue, SingleRequestSession
from actors.stt_state import SttState
from actors.stt_stream import AttemptTimedOut, StreamFailed, StreamingSession
from actors.transcripts import DebounceOver, Transcripts
from speech.ports import Recognizer
from telemetry import STT_INIT

_OfStream = StreamHeard | AttemptTimedOut
_OfSingle = RequestAnswered | RequestTimedOut | RetryDue | ProbeDue | ProbeOver
_Private = _OfStream | _OfSingle | DebounceOver


class SttActor(LoopActor):
    """Recognises the caller, streaming or, as the fallback, by single requests."""

    def __init__(
        self,
        context: CallContext,
        mailbox: Mailbox[SttMessage],
        supervisor: Peer[ChildFailed],
        state: SttState,
        recognizer: Recognizer,
        agent: Peer[AgentMessage],
        call: Peer[CallMessage],
    ) -> None:
        super().__init__(context.runtime, mailbox, supervisor, context.label("stt"))
        self._context = context
        self._ring = state.ring
        self._recognizer = recognizer
        self._transcripts = Transcripts(context, state, agent, call, self.after)
        self._newest: InboundFrame | None = None
        self._stream: StreamingSession | None = None
        self._single: SingleRequestSession | None = None
        self._probe: StreamProbe | None = None

    def on_receive(self, message: Any) -> None:
        """Deal with one message of the protocol, or of our own session.

        Raises:
            StreamFailed: the recogniser's stream is over, or deaf, although the call is not.
        """
        stt_message: SttMessage | _Private = message
        match stt_message:
            case InboundFrame():
                self._on_frame(stt_message)
            case OpenStream():
                self._on_open_stream(stt_message)
            case FailDeaf():
                self._on_fail_deaf()
            case StreamHeard() | AttemptTimedOut():
                self._on_stream(stt_message)
            case RequestAnswered() | RequestTimedOut() | RetryDue() | ProbeDue() | ProbeOver():
                self._on_single(stt_message)
            case DebounceOver():
                self._transcripts.debounce_over()
            case _:
                assert_never(stt_message)

    def salvage(self, message: Any) -> None:
        """Keep a frame that did not get into the ring before its handler crashed."""
        if isinstance(message, InboundFrame) and message is not self._newest:
            self._ring.append(message.payload, voiced=message.voiced)

    def release(self) -> None:
        """Drop what is under way; what was not finished is in the ring for a successor."""
        self._drop_sessions()
        self._transcripts.after = to_nobody

    def _drop_sessions(self) -> None:
        for session in (self._stream, self._single, self._probe):
            if session is not None:
                session.cancel()
        self._stream = self._single = self._probe = None

    def _on_frame(self, frame: InboundFrame) -> None:
        self._ring.append(frame.payload, voiced=frame.voiced)
        self._newest = frame
        if self._stream is not None:
            self._stream.frame(voiced=frame.voiced)
        elif self._single is not None:
            self._single.feed()

    def _on_open_stream(self, message: OpenStream) -> None:
        self._drop_sessions()
        self._transcripts.begin_anew()
        if message.single:
            self._open_single(maybe_noise=message.maybe_noise)
        else:
            self._open_stream()

    def _open_stream(self) -> None:
        self._context.stats.stt_mode = "streaming"
        self._context.log.info(STT_INIT)
        self._stream = StreamingSession(self._recognizer, self._transcripts, self._tell_self)
        self._stream.open()

    def _open_single(self, *, maybe_noise: bool) -> None:
        self._context.stats.stt_mode = "single"
        self._single = SingleRequestSession(
            self._recognizer, self._transcripts, self._tell_self, maybe_noise=maybe_noise
        )
        self._single.feed()
        if self._context.settings.use_streaming_stt:
            self._probe = StreamProbe(self._recognizer, self._transcripts, self._tell_self)
            self._probe.wait()

    def _on_fail_deaf(self) -> None:
        if self._stream is not None and self._stream.is_open:
            raise StreamFailed("DEAF", "voice goes in and nothing comes out")

    def _on_stream(self, message: _OfStream) -> None:
        if self._stream is None:
            if self._probe is not None and isinstance(message, StreamHeard):
                self._probe.heard(message)
        elif isinstance(message, StreamHeard):
            self._stream.heard(message)
        else:
            self._stream.timed_out(message)

    def _on_single(self, message: _OfSingle) -> None:
        if self._single is None:
            return
        match message:
            case RequestAnswered():
                self._single.answered(message)
            case RequestTimedOut():
                self._single.timed_out(message)
            case RetryDue():
                self._single.retry(message)
            case ProbeDue() | ProbeOver():
                self._on_probe(self._probe, message)

    def _on_probe(self, probe: StreamProbe | None, message: ProbeDue | ProbeOver) -> None:
        if probe is not None and isinstance(message, ProbeDue):
            probe.due()
        elif probe is not None and isinstance(message, ProbeOver):
            probe.over(message)

    def _tell_self(self, message: OutOfBand) -> None:
        """Take a result of one's own helpers; those of a dead incarnation go nowhere."""
        if self.alive:
            self.mailbox.post(message)
