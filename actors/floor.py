"""Who has the floor on this call, and what the agent does about what it hears.

A plain class inside AgentActor: judges what was heard (is it words, is it meant?), looks up
the move in `media.turns`, and does the part of it that concerns the reply under way: hold,
go on, give up. Answering is the agent's. Keeps the timer after which a voice without words
was no interruption.
"""

from collections.abc import Callable
from typing import Final

from actors.agent_memory import AgentMemory
from actors.agent_messages import QuietDue
from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.peer import to_nobody
from actors.replies import Replies
from actors.speaker import Speaker
from dialogue.backchannels import is_backchannel
from dialogue.revision import words_said
from media.turns import Floor, Heard, Move, move

TAIL_S: Final = 1.5
"""Of a reply that is left when the caller says "yes": then it is an answer to the question at
its end, no backchannel."""

HELD_MAX_S: Final = 3.0
"""Voice without a single word: after it the agent goes on, whatever that noise is."""

LATE_HELD_MAX_S: Final = 15.0
"""The same where words come only when the voice has ended: as long as one request hears."""

ECHO_S: Final = 2.0
"""From a voice, or the agent's own, to the words that a recogniser makes of it, at most."""

REQUEST_S: Final = 2.5
"""From the end of a voice to its first words, where they are asked for by single requests."""


class FloorKeeper:
    """Keeps track of who has the floor."""

    def __init__(
        self,
        context: CallContext,
        memory: AgentMemory,
        speaker: Speaker,
        replies: Replies,
        after: Callable[[float, OutOfBand], Timer],
    ) -> None:
        self._context = context
        self._memory = memory
        self._speaker = speaker
        self._replies = replies
        self._after = after
        self._min_words = context.settings.barge_in_min_words
        self._resume_after_s = context.settings.resume_after_ms / 1000
        self._timer: Timer | None = None

    @property
    def may_answer(self) -> bool:
        """Whether something said before may be answered now: nobody else has the floor."""
        return self._now in {Floor.LISTENING, Floor.REPLYING}

    @property
    def _now(self) -> Floor:
        """Who has the floor now. A notice has it too while its speaker has crashed."""
        if self._replies.is_ending:
            return Floor.ENDING
        if not self._speaker.speaking:
            if self._memory.must_be_heard:
                return Floor.NOTICE
            return Floor.YIELDED if self._memory.given_up else Floor.LISTENING
        if self._speaker.held:
            return Floor.HELD
        return Floor.NOTICE if self._speaker.is_notice else Floor.REPLYING

    def take(self, heard: Heard) -> Move:
        """Do what is to be done about the reply under way.

        Returns:
            the move: to answer, to keep, to take up and to prompt are the agent's.
        """
        made = move(self._now, heard)
        match made:
            case Move.HOLD:
                self._hold()
            case Move.GO_ON:
                self._go_on()
            case Move.GIVE_UP | Move.ANSWER:
                self._forget_timer()
                near_end = self._speaker.ends_within(TAIL_S)
                given_up = self._replies.interrupt(near_end=near_end)
                # Keys and finished utterances are what they are, words may come to nothing.
                self._memory.given_up = given_up if heard is Heard.WORDS else None
            case _:
                pass
        return made

    # --- what was heard --------------------------------------------------------------

    def partial(self, text: str) -> Heard:
        """Judge words of an utterance that goes on.

        Where real words come late, those that come before are guesses: no more than a voice.
        """
        if self._is_echo(text):
            return Heard.ECHO
        if not self._is_meant(text):
            return Heard.MURMUR
        return Heard.VOICE if self._words_after_s else Heard.WORDS

    def final(self, text: str) -> Heard:
        """Judge a finished utterance."""
        if not words_said(text):
            return Heard.NOISE
        if self._is_echo(text):
            return Heard.ECHO
        given_up = self._memory.given_up
        near_end = given_up.near_end if given_up else self._speaker.ends_within(TAIL_S)
        meant = self._is_meant(text) or near_end
        return Heard.UTTERANCE if meant else Heard.MURMURED

    def _is_echo(self, text: str) -> bool:
        """Whether words are the agent's own, come back: the border heard no voice for them.

        It does not take the agent's echo for a voice, but may miss a faint caller: words that
        the agent did not say are believed, except guesses of a recogniser that guesses.
        """
        memory, now = self._memory, self._context.runtime.clock.now()
        late_s = ECHO_S + self._words_after_s
        if memory.caller_speaking or now - memory.quiet_since < late_s:
            return False
        if not memory.own_words.heard_lately(now, late_s):
            return False
        return memory.words_are_guesses or memory.own_words.explain(text, now, late_s)

    def _is_meant(self, text: str) -> bool:
        known = self._memory.brain.manners.backchannels
        return len(words_said(text)) >= self._min_words and not is_backchannel(text, known)

    def voice_stopped(self) -> None:
        """Note that the caller is quiet: words have their time from now on."""
        if self._speaker.held:
            self._wait(max(self._resume_after_s, self._words_after_s))

    def voice_started(self) -> None:
        """Note that the caller's voice is on again: nobody knows yet what it will say."""
        if self._speaker.held:
            self._wait(LATE_HELD_MAX_S if self._words_after_s else HELD_MAX_S)

    def quiet_due(self, due: QuietDue) -> None:
        """Take the voice for no interruption, if no words came of it."""
        self._timer = None
        if due.epoch == self._memory.epoch:
            self.take(Heard.QUIET)

    def release(self) -> None:
        """Forget the owner: it has ended."""
        self._after = to_nobody

    # --- inside ----------------------------------------------------------------------

    @property
    def _words_after_s(self) -> float:
        return REQUEST_S if self._memory.hearing_lost else self._memory.words_after_s

    def _hold(self) -> None:
        self._speaker.hold()
        self._context.metrics.holds.inc()
        self._context.events.note("held")
        if self._memory.caller_speaking:
            self.voice_started()
        else:
            self.voice_stopped()

    def _go_on(self) -> None:
        self._forget_timer()
        self._context.metrics.false_interruptions.inc()
        self._context.events.note("resumed")
        self._context.log.info("↩️ [AGENT] No interruption: the agent goes on")
        if not self._speaker.go_on():
            self._replies.end()

    def _wait(self, delay_s: float) -> None:
        self._forget_timer()
        self._timer = self._after(delay_s, QuietDue(self._memory.epoch))

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
