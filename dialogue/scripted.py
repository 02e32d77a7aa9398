"""The scripted brain: answers a call out of a dialogue file, at once and always the same.

Owns where one call stands, and where it stood before the last utterance, which may yet be
revised. Never waits, never raises for anything a caller does, never logs what was said. The
agent actor tells it events; `dialogue.loader` makes its script.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, assert_never

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
from dialogue.script import DIGITS, MAX_DEAF_TURNS, Collection, Intent, Script, Variants
from dialogue.standing import Standing
from dialogue.text import words

_BETWEEN_DIGITS: Final = ", "
"""A voice reads "1, 2" as two digits with a pause, and "12" as twelve."""


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

    def answered_elsewhere(self, event: CallerEvent) -> None:
        """Take note of a turn of the caller that somebody else has answered: it has not failed.

        What is silent or lost stays counted here, whoever speaks about it.
        """
        self._before = None
        if isinstance(event, CallerSaid | CallerPressed | CallerEntered):
            if isinstance(event, CallerSaid) and words(event.text):
                self._now = self._now.hearing()
            self._now = self._now.relieved()

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
                yield Say(self._script.greeting, self._script.greeting_interruptible)
            case CallerSaid(text):
                yield from self._to_speech(text)
            case CallerPressed(digit):
                yield from self._to_key(digit)
            case CallerEntered(digits, complete):
                yield from self._to_entry(digits, complete=complete)
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
        yield self._say_keys_again()

    def _say_keys_again(self) -> Say:
        """Answer keys that mean nothing.

        No failed turn: somebody who presses keys is there, and a slip costs no call.
        """
        deaf = self._now.is_deaf
        return self._say(self._script.no_recognition.reply if deaf else self._script.not_understood)

    def _to_entry(self, digits: str, *, complete: bool) -> Iterator[BrainOutput]:
        """Answer what was keyed in, if it was asked for and is nothing but digits."""
        intent = self._now.collecting
        if intent is None or intent.collection is None:
            yield from self._to_stray_entry(digits)
        elif complete and digits.isascii() and digits.isdecimal():
            self._now = self._now.collected()
            yield self._say(intent.collection.collected, digits)
            if intent.action:
                yield intent.action
        else:
            yield from self._fail(intent.collection.not_collected, intent.collection)

    def _to_stray_entry(self, keys: str) -> Iterator[BrainOutput]:
        """Answer keys collected for an intent that the caller has left since; one is a key."""
        if len(keys) == 1:
            yield from self._to_key(keys)
        else:
            yield self._say_keys_again()

    def _serve(self, intent: Intent, *, top_level: bool) -> Iterator[BrainOutput]:
        self._now = self._now.served(intent, top_level=top_level)
        said = self._say(intent.reply)
        yield replace(said, interruptible=intent.interruptible)
        if intent.collection:
            yield intent.collection.request
        elif intent.action:
            yield intent.action

    def _fail(self, reply: Variants, again: Collection | None = None) -> Iterator[BrainOutput]:
        """Answer a turn that led nowhere: silence, speech without a meaning for us, no digits.

        Args:
            reply: What to say, unless it was the last strike.
            again: The digits to ask for once more.
        """
        deaf = self._now.is_deaf
        self._now = self._now.missed() if deaf else self._now.struck()
        if self._is_hopeless():
            yield Say(self._script.manners.goodbye)
            yield EndCall()
        elif deaf and again is None:
            yield from self._say_unrecognised()
        else:
            yield self._say(reply)
            if again:
                yield again.request

    def _is_hopeless(self) -> bool:
        """Whether too many turns have failed in a row.

        With an action for lost recognition the script has ended a deaf call already; that is
        asked for again in case the request was lost.
        """
        if self._now.deaf_turns is None:
            return 0 < self._script.strikes <= self._now.strikes
        keys_only = self._script.no_recognition.action is None
        return keys_only and self._now.deaf_turns >= MAX_DEAF_TURNS

    def _say_unrecognised(self) -> Iterator[BrainOutput]:
        yield self._say(self._script.no_recognition.reply)
        if action := self._script.no_recognition.action:
            yield action

    def _say(self, variants: Variants, digits: str = "") -> Say:
        text = self._now.text_of(variants)
        self._now = self._now.spoken(variants)
        return Say(text.replace(DIGITS, _BETWEEN_DIGITS.join(digits)))


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

    def transfer_targets(self) -> Mapping[str, str]:
        """Return whom the file transfers to, each with the name of the intent that does."""
        return self._script.transfer_targets()

    def new_brain(self, call: CallFacts) -> ScriptedBrain:  # noqa: ARG002  # a script needs none
        """Make the brain of one call."""
        return ScriptedBrain(self._script, self._index)
