"""The scripted brain: answers a call out of a dialogue file, at once and always the same.

Owns where one call stands, and where it stood before the last utterance, which may yet be
revised. Never waits, never raises for anything a caller does, never logs what was said. The
agent actor tells it events; `dialogue.loader` makes its script.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from dialogue.matching import ScriptIndex, best_match
from dialogue.ports import (
    BrainOutput,
    BrainSink,
    CallBegan,
    CallerEntered,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    CallFacts,
    EndCall,
    Manners,
    RecognitionLost,
    Reply,
    ReplyDone,
    Say,
)
from dialogue.script import MAX_DEAF_TURNS, Intent, Script, Variants
from dialogue.standing import Standing
from dialogue.text import words


class _GivenReply:
    """A reply that was complete before anybody could call it off."""

    def cancel(self) -> None:
        """Do nothing: everything has been said already."""


_GIVEN = _GivenReply()


class ScriptedBrain:
    """The brain of one call."""

    def __init__(self, script: Script, index: ScriptIndex) -> None:
        """Begin a call.

        Args:
            script: What to say.
            index: The same script, made ready for look-ups.
        """
        self._script = script
        self._index = index
        self._now = Standing()
        self._before: Standing | None = None
        """Where the call stood before the utterance that was the last event."""

    @property
    def manners(self) -> Manners:
        """What is said of the agent's own accord."""
        return self._script.manners

    def respond(self, event: CallerEvent, sink: BrainSink) -> Reply:
        """Answer an event before returning; the reply has nothing left to cancel."""
        self._keep_or_take_back(event)
        for output in self._answer(event):
            sink(output)
        sink(ReplyDone())
        return _GIVEN

    def _keep_or_take_back(self, event: CallerEvent) -> None:
        """Go back to before the last utterance if this one revises it.

        Only the event right before can be taken back: the answer to anything in between was
        given from where the utterance had led, and may have been heard.
        """
        if not isinstance(event, CallerSaid):
            self._before = None
        elif event.revises and self._before is not None:
            self._now = self._before
        else:
            self._before = self._now

    def _answer(self, event: CallerEvent) -> Iterator[BrainOutput]:
        match event:
            case CallBegan():
                yield Say(self._script.greeting)
            case CallerSaid(text):
                yield from self._to_speech(text)
            case CallerPressed(digit):
                yield from self._to_key(digit)
            case CallerEntered(digits):
                yield from self._to_digits(digits)
            case CallerSilent():
                yield from self._fail(self._script.silence)
            case RecognitionLost():
                self._now = self._now.deafened()
                yield from self._say_unrecognised()
            case _:
                assert_never(event)

    def _to_speech(self, text: str) -> Iterator[BrainOutput]:
        if self._now.is_deaf and words(text):
            self._now = self._now.hearing()
        live = self._index.live(self._now.topic)
        if found := best_match(live, text):
            place, intent = found
            yield from self._serve(intent, top_level=live[place] is live[-1])
        else:
            yield from self._fail(self._script.not_understood)

    def _to_key(self, digit: str) -> Iterator[BrainOutput]:
        live = self._index.live(self._now.topic)
        for phrases in live:
            if intent := phrases.of_key(digit):
                yield from self._serve(intent, top_level=phrases is live[-1])
                return
        # No failed turn: somebody who presses keys is there, and a slip costs no call.
        deaf = self._now.is_deaf
        yield self._say(self._script.no_recognition.reply if deaf else self._script.not_understood)

    def _to_digits(self, digits: str) -> Iterator[BrainOutput]:
        """A script asks for no digits; whatever was keyed in counts as its keys, the last one."""
        if digits:
            yield from self._to_key(digits[-1])
        else:
            yield from self._fail(self._script.not_understood)

    def _serve(self, intent: Intent, *, top_level: bool) -> Iterator[BrainOutput]:
        self._now = self._now.served(intent if top_level else None)
        yield self._say(intent.reply)
        if intent.action:
            yield intent.action

    def _fail(self, reply: Variants) -> Iterator[BrainOutput]:
        """Answer a turn that led nowhere: silence, or speech without a meaning for us."""
        if self._now.is_deaf:
            yield from self._miss()
            return
        self._now = self._now.struck()
        if 0 < self._script.strikes <= self._now.strikes:
            yield from self._give_up()
        else:
            yield self._say(reply)

    def _miss(self) -> Iterator[BrainOutput]:
        """Answer a turn that led nowhere because nothing is recognised any more.

        With an action of its own the script has ended this call already; it is asked for
        again in case the request was lost.
        """
        self._now = self._now.missed()
        keys_only = self._script.no_recognition.action is None
        if keys_only and (self._now.deaf_turns or 0) >= MAX_DEAF_TURNS:
            yield from self._give_up()
        else:
            yield from self._say_unrecognised()

    def _say_unrecognised(self) -> Iterator[BrainOutput]:
        yield self._say(self._script.no_recognition.reply)
        if action := self._script.no_recognition.action:
            yield action

    def _give_up(self) -> Iterator[BrainOutput]:
        yield Say(self._script.manners.goodbye)
        yield EndCall()

    def _say(self, variants: Variants) -> Say:
        text = self._now.text_of(variants)
        self._now = self._now.spoken(variants)
        return Say(text)


class ScriptedDialogue:
    """A dialogue file at work: shared by all calls, makes each one its brain."""

    def __init__(self, script: Script) -> None:
        """Take a script that the loader has checked."""
        self._script = script
        self._index = ScriptIndex(script)

    @property
    def name(self) -> str:
        """Its name in logs."""
        return self._script.name

    @property
    def language(self) -> str:
        """The BCP 47 tag it is written in."""
        return self._script.language

    def phrases(self) -> Sequence[str]:
        """Return every phrase of the file once, follow-ups included, as written."""
        return self._script.phrases()

    def stock_replies(self) -> Sequence[str]:
        """Return every text the brain may say once, the greeting first."""
        return self._script.texts()

    def new_brain(self, call: CallFacts) -> ScriptedBrain:  # noqa: ARG002  # a script needs none
        """Make the brain of one call."""
        return ScriptedBrain(self._script, self._index)
