"""The replies of a call: the brain thinks them out, the speaker speaks them, one at a time.

A plain class inside AgentActor, which decides when a reply begins and when the caller
interrupts it. Passes what the brain says on to the speaker and remembers how the call is to
end after it. Knows nothing of transcripts, keys or marks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from actors.agent_memory import AgentMemory
from actors.caller_voice import CallerVoice
from actors.context import CallContext
from actors.family import OutOfBand
from actors.messages import Hangup, Transfer
from actors.peer import to_nobody
from actors.speaker import Speaker
from dialogue import ports as brains


@dataclass(frozen=True, slots=True)
class BrainSaid(OutOfBand):
    """The brain's next output for a playback."""

    epoch: int
    output: brains.BrainOutput


class Replies:
    """Lets the brain answer and has it spoken."""

    def __init__(
        self,
        context: CallContext,
        memory: AgentMemory,
        speaker: Speaker,
        voice: CallerVoice,
        tell_self: Callable[[OutOfBand], None],
    ) -> None:
        self._context = context
        self._memory = memory
        self._speaker = speaker
        self._voice = voice
        self._tell_self = tell_self
        self._reply: brains.Reply | None = None

    @property
    def is_ending(self) -> bool:
        """Whether the call ends after what is being said."""
        return self._memory.ending is not None

    def answer(self, event: brains.CallerEvent, end_mark: str = "reply_end") -> int:
        """Let the brain answer an event; its outputs come back as messages.

        Returns:
            the epoch of the playback.
        """
        self._memory.unanswered = True
        self._voice.stop_waiting()
        epoch = self._speaker.begin(end_mark)
        self._reply = self._memory.brain.respond(
            event, lambda output: self._tell_self(BrainSaid(epoch, output))
        )
        return epoch

    def brain_said(self, message: BrainSaid) -> None:
        """Take an output of the brain; that for an older playback goes nowhere."""
        if not self._speaker.is_at(message.epoch):
            return
        match message.output:
            case brains.ReplyBegan() | brains.CollectDigits() | brains.LeaveNote():
                pass
            case brains.Say(text=text):
                self._say(text)
            case brains.TransferCall(to=to):
                self._memory.ending = Transfer(to)
            case brains.EndCall():
                self._memory.ending = Hangup("goodbye")
            case brains.ReplyDone():
                self._finish()
            case brains.ReplyFailed(detail=detail):
                self._context.log.warning("⚠️ [AGENT] No answer: {}", detail)
                self._say(self._memory.brain.manners.apology)
                self._finish()
            case _:
                assert_never(message.output)

    def speak(self, texts: list[str], ending: Transfer | Hangup | None = None) -> None:
        """Say something of our own accord; then, perhaps, end the call."""
        self._voice.stop_waiting()
        self._speaker.begin("reply_end")
        self._memory.ending = ending
        for text in list(texts):
            self._say(text)
        self._finish()

    def say_goodbye(self, reason: str) -> None:
        """Say goodbye and hang up, whatever was to be said; once."""
        if self._speaker.speaking and self._memory.goodbye_reason is not None:
            return
        self._memory.goodbye_reason = reason
        self._memory.ending = None
        self.interrupt()
        self.speak([self._memory.brain.manners.goodbye], Hangup(reason))

    def apologise(self) -> bool:
        """Give up what is being said and ask the caller to say it again.

        The apology is in the phrase cache, so that it can be spoken whatever has failed.

        Returns:
            False if it cannot help: it is what failed, or the call is to end.
        """
        apology = self._memory.brain.manners.apology
        if self.is_ending or self._memory.unheard_texts == [apology]:
            return False
        self.interrupt()
        self.speak([apology])
        return True

    def interrupt(self) -> None:
        """Stop speaking, unless the call is to end: nothing interrupts that."""
        if not self.is_ending:
            self.drop()
            if self._speaker.speaking:
                self._memory.interrupted()
                self._speaker.interrupt()

    def drop(self) -> None:
        """Let the brain think no further."""
        if self._reply is not None:
            self._reply.cancel()
            self._reply = None

    def release(self) -> None:
        """Drop the reply and forget the owner: it has ended."""
        self.drop()
        self._tell_self = to_nobody

    def _say(self, text: str) -> None:
        self._speaker.say(text)
        self._memory.unanswered = False
        self._memory.greeted = True

    def _finish(self) -> None:
        self._reply = None
        self._speaker.finish()
