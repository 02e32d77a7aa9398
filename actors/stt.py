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
    InboundFrame,
    OpenStream,
    SttMessage,
)
from actors.peer import Peer, to_nobody
from actors.stt_single import RequestAnswered, RequestTimedOut, SingleRequestSession
from actors.stt_stream import AttemptTimedOut, StreamHeard, StreamingSession
from actors.transcripts import DebounceOver, SttState, Transcripts
from speech.ports import Recognizer

_Private = StreamHeard | AttemptTimedOut | RequestAnswered | RequestTimedOut | DebounceOver


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
        self._stream: StreamingSession | None = None
        self._single: SingleRequestSession | None = None

    def on_receive(self, message: Any) -> None:
        """Deal with one message of the protocol, or of our own session."""
        stt_message: SttMessage | _Private = message
        match stt_message:
            case InboundFrame():
                self._ring.append(stt_message.payload, voiced=stt_message.voiced)
                self._feed()
            case OpenStream():
                self._on_open_stream(stt_message)
            case StreamHeard() | AttemptTimedOut():
                self._on_stream(stt_message)
            case RequestAnswered() | RequestTimedOut():
                self._on_request(stt_message)
            case DebounceOver():
                self._transcripts.debounce_over()
            case _:
                assert_never(stt_message)

    def release(self) -> None:
        """Drop what is under way; what was not finished is in the ring for a successor."""
        self._drop_sessions()
        self._transcripts.after = to_nobody

    def _drop_sessions(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
        if self._single is not None:
            self._single.cancel()
        self._stream = self._single = None

    def _feed(self) -> None:
        if self._stream is not None:
            self._stream.feed()
        elif self._single is not None:
            self._single.feed()

    def _on_open_stream(self, message: OpenStream) -> None:
        self._drop_sessions()
        if message.single:
            self._context.stats.stt_mode = "single"
            self._single = SingleRequestSession(
                self._recognizer, self._transcripts, self._tell_self
            )
            self._single.feed()
            return
        self._context.log.info("🟢 STT_SESSION: init requested")
        self._stream = StreamingSession(self._recognizer, self._transcripts, self._tell_self)
        self._stream.open()

    def _on_stream(self, message: StreamHeard | AttemptTimedOut) -> None:
        if self._stream is None:
            return
        if isinstance(message, StreamHeard):
            self._stream.heard(message)
        else:
            self._stream.timed_out(message)

    def _on_request(self, message: RequestAnswered | RequestTimedOut) -> None:
        if self._single is None:
            return
        if isinstance(message, RequestAnswered):
            self._single.answered(message)
        else:
            self._single.timed_out(message)

    def _tell_self(self, message: OutOfBand) -> None:
        """Take a result of one's own helpers; those of a dead incarnation go nowhere."""
        if self.alive:
            self.mailbox.post(message)
