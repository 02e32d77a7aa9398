"""The scripted brain: answers a call out of a dialogue file, at once and always the same.

Owns what one call needs: the live follow-ups, the strikes, whose turn it is among the
variants of a reply. Never waits, never raises for anything a caller does, never logs what
was said. The agent actor tells it events; `dialogue.loader` makes its script.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from dialogue.matching import ScriptIndex, best_match
from dialogue.ports import (
    BrainOutput,
    BrainSink,
    CallBegan,
    CallerEvent,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    EndCall,
    Reply,
    ReplyDone,
    Say,
)
from dialogue.script import Intent, Script, Variants


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
        self._topic: Intent | None = None
        self._strikes = 0
        self._turns: Counter[Variants] = Counter()

    @property
    def apology(self) -> str:
        """Said when a reply failed or was lost."""
        return self._script.apology

    @property
    def goodbye(self) -> str:
        """Said when the call must end for a reason of our own."""
        return self._script.goodbye

    @property
    def silence_after_s(self) -> float:
        """Seconds of nobody speaking after which `CallerSilent` is told."""
        return self._script.silence.after_s

    def respond(self, event: CallerEvent, sink: BrainSink) -> Reply:
        """Answer an event before returning; the reply has nothing left to cancel."""
        for output in self._answer(event):
            sink(output)
        sink(ReplyDone())
        return _GIVEN

    def _answer(self, event: CallerEvent) -> Iterator[BrainOutput]:
        match event:
            case CallBegan():
                yield Say(self._script.greeting)
            case CallerSaid(text):
                yield from self._to_speech(text)
            case CallerPressed(digit):
                yield from self._to_key(digit)
            case CallerSilent():
                yield from self._strike(self._script.silence.reply)
            case _:
                assert_never(event)

    def _to_speech(self, text: str) -> Iterator[BrainOutput]:
        live = self._index.live(self._topic)
        if found := best_match(live, text):
            place, intent = found
            yield from self._serve(intent, top_level=live[place] is live[-1])
        else:
            yield from self._strike(self._script.not_understood)

    def _to_key(self, digit: str) -> Iterator[BrainOutput]:
        live = self._index.live(self._topic)
        for phrases in live:
            if intent := phrases.of_key(digit):
                yield from self._serve(intent, top_level=phrases is live[-1])
                return
        # No strike: somebody who presses keys is there, and a slip costs no call.
        yield self._say(self._script.not_understood)

    def _serve(self, intent: Intent, *, top_level: bool) -> Iterator[BrainOutput]:
        self._strikes = 0
        if top_level:
            self._topic = intent
        yield self._say(intent.reply)
        if intent.action:
            yield intent.action

    def _strike(self, reply: Variants) -> Iterator[BrainOutput]:
        self._strikes += 1
        if 0 < self._script.strikes <= self._strikes:
            yield Say(self.goodbye)
            yield EndCall()
        else:
            yield self._say(reply)

    def _say(self, variants: Variants) -> Say:
        turn = self._turns[variants]
        self._turns[variants] += 1
        return Say(variants[turn % len(variants)])


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

    def new_brain(self) -> ScriptedBrain:
        """Make the brain of one call."""
        return ScriptedBrain(self._script, self._index)
