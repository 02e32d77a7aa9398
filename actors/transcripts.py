"""The transcripts of one STT incarnation: numbered, debounced, logged and sent on.

Both ways of recognising, streaming and single requests, report here. Sends partials and
finals to the agent and proof of life to the call. An utterance that was finished early keeps
its number until its real final has come: that one is swallowed if it says the same, and
revises the early one if not. Knows nothing of recognisers or audio.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.messages import (
    AgentMessage,
    CallMessage,
    FinalTranscript,
    PartialTranscript,
    SttProgress,
    SttSettled,
)
from actors.peer import Peer
from actors.stt_state import EarlyFinal, SttState
from telemetry import early_line, final_line, partial_line


@dataclass(frozen=True, slots=True)
class DebounceOver(OutOfBand):
    """The newest partial has waited long enough to be passed on."""


@dataclass(slots=True)
class Transcripts:
    """Passes transcripts on."""

    context: CallContext
    state: SttState
    agent: Peer[AgentMessage]
    call: Peer[CallMessage]
    after: Callable[[float, OutOfBand], Timer]
    _latest: str = field(default="", init=False)
    _passed: str = field(default="", init=False)
    _passed_at: float = field(default=float("-inf"), init=False)
    _waiting: Timer | None = field(default=None, init=False)

    def partial(self, text: str) -> bool:
        """Take a partial; pass it on now, or when the debounce is over: the latest wins.

        Returns:
            whether it says more than what has been passed on as a final already.
        """
        text = text[: self.context.settings.utterance_max_chars]
        self.call.post(SttProgress(self._now()))
        self._close_another(text)
        early = self.state.early
        if not text or (early is not None and not early.is_exceeded_by(text)):
            return False
        self._latest = text
        if text == self._passed or self._waiting is not None:
            return True
        wait_s = self._passed_at + self.context.settings.stt_debounce_ms / 1000 - self._now()
        if wait_s <= 0:
            self._pass_on()
        else:
            self._waiting = self.after(wait_s, DebounceOver())
        return True

    def debounce_over(self) -> None:
        """Pass on the partial that waited."""
        self._waiting = None
        if self._latest and self._latest != self._passed:
            self._pass_on()

    def early_final(self, text: str) -> None:
        """Pass a partial on as a final; its real final is still to come."""
        text = text[: self.context.settings.utterance_max_chars]
        self._forget_partials()
        self.context.log.info(early_line(text, shown=self.context.settings.log_transcripts))
        earlier = self.state.early
        utterance = earlier.utterance if earlier else self._take_number()
        self.state.early = EarlyFinal(utterance, text)
        self._post_final(utterance, text, early=True, revises=earlier is not None)

    def final(self, text: str) -> None:
        """Pass a final on at once; the next partial belongs to the next utterance."""
        text = text[: self.context.settings.utterance_max_chars]
        self._forget_partials()
        self.call.post(SttProgress(self._now()))
        self._close_another(text)
        early, self.state.early = self.state.early, None
        if early is None:
            self._log_final(text)
            self._post_final(self._take_number(), text)
        elif not early.is_settled_by(text):
            self._log_final(text or early.text)
            self._post_final(early.utterance, text or early.text, revises=True)

    def given_up(self) -> None:
        """Pass on that there was speech which nobody could recognise: no sign of life."""
        self._forget_partials()
        self._post_final(self._take_number(), "")

    def begin_anew(self) -> None:
        """Note a new stream: what was finished early is not in what it will hear."""
        self._forget_partials()
        self._close_early()

    def voiced(self) -> None:
        """Note a frame of voice."""
        if self.state.early is not None:
            self.state.early.voiced_frames += 1

    def _close_another(self, text: str) -> None:
        """Expect no real final any more if the recogniser is at another utterance."""
        if self.state.early is not None and not self.state.early.is_of(text):
            self._close_early()

    def _close_early(self) -> None:
        """Let an early final stand; who was doubted may have to be answered again."""
        early, self.state.early = self.state.early, None
        if early is not None and early.doubted:
            self._post_final(early.utterance, early.text, revises=True)

    def _take_number(self) -> int:
        number = self.state.utterance
        self.state.utterance += 1
        return number

    def _log_final(self, text: str) -> None:
        self.context.log.info(final_line(text, shown=self.context.settings.log_transcripts))

    def _post_final(
        self, utterance: int, text: str, *, early: bool = False, revises: bool = False
    ) -> None:
        self.context.events.note(
            "final", utterance=utterance, early=early, revises=revises, text=text
        )
        self.agent.post(FinalTranscript(utterance, text, self._now(), early, revises))
        self.call.post(SttSettled())

    def _pass_on(self) -> None:
        self._passed, self._passed_at = self._latest, self._now()
        shown = self.context.settings.log_transcripts
        self.context.log.info(partial_line(self._latest, shown=shown))
        number = self.state.utterance
        if self.state.early is not None:
            number = self.state.early.utterance
            self.state.early.doubted = True
        self.context.events.note("partial", utterance=number, text=self._latest)
        self.agent.post(PartialTranscript(number, self._latest, self._passed_at))

    def _forget_partials(self) -> None:
        self._latest = self._passed = ""
        self._passed_at = float("-inf")
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _now(self) -> float:
        return self.context.runtime.clock.now()
