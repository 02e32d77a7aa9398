"""One reply of an agent of somebody's own: how long it may take, and how it ends.

Owns the deadlines and that the sink hears the right things only: outputs while the reply is
open, one end, nothing after it. What is left unanswered goes to the dialogue file. Never
runs the agent's code; `dialogue.own_brain` does, and tells what it gives.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal

from dialogue.patience import Patience
from dialogue.ports import (
    BrainOutput,
    BrainSink,
    CallBegan,
    CallerEvent,
    CallerSilent,
    RecognitionLost,
    ReplyDone,
    ReplyFailed,
)
from dialogue.scripted import ScriptedBrain

FILE_KNOWS_BETTER: Final = (CallBegan, CallerSilent, RecognitionLost)
"""Events that an apology does not answer: nobody has said anything to be said again."""

Waiting = Literal["busy", "no_thread", "late"]
"""What the first output waits for: the code for the event before, a thread, or this code."""

_FIRST_LATE: Final[dict[Waiting, str]] = {
    "busy": "the agent was still busy with the event before after {:g} s",
    "no_thread": "no thread was free for {:g} s",
    "late": "no output of the agent for {:g} s",
}

Count = Literal["busy", "no_thread", "late", "stalled", "too_long", "refused", "raised"]
"""Why replies fail; also the names of their counts."""


def cannot_be_stopped() -> None:
    """Stop nothing: there is nothing yet, or it is plain code in its thread."""


class OwnReply:
    """Implements `dialogue.ports.Reply`; lives on the loop's thread.

    Args:
        event: what is answered.
        sink: who hears the answer.
        patience: when it is too late.
        file: answers what the agent does not.
        counts: of failures, by `Count`.
    """

    def __init__(
        self,
        event: CallerEvent,
        sink: BrainSink,
        patience: Patience,
        file: ScriptedBrain,
        counts: "Counter[str]",
    ) -> None:
        self.event = event
        self.is_open = True
        """Whether outputs still count; a thread reads it between two of them."""
        self.waits_for: Waiting = "busy"
        self.stop: Callable[[], None] = cannot_be_stopped
        """Stops the code, where it can be stopped; called once, when the reply is over."""
        self._sink = sink
        self._patience = patience
        self._file = file
        self._counts = counts
        self._is_answered = False
        loop = asyncio.get_running_loop()
        self._too_long = loop.call_later(patience.total_s, self._on_too_long)
        self._next = loop.call_later(patience.first_s, self._on_first_late)

    def put(self, output: BrainOutput | None) -> None:
        """Take the next output; None: an empty text, which is an answer all the same."""
        if not self.is_open:
            return
        if not self._is_answered:
            self._is_answered = True
            self._file.answered_elsewhere(self.event)
        self._next.cancel()
        loop = asyncio.get_running_loop()
        self._next = loop.call_later(self._patience.stall_s, self._on_stalled)
        if isinstance(output, ReplyDone):
            self.done()
        elif output is not None:
            self._sink(output)

    def done(self) -> None:
        """Take the end of the answer."""
        if not self.is_open:
            return
        self._close()
        if self._is_answered:
            self._sink(ReplyDone())
        else:
            self._file.respond(self.event, self._sink)

    def fail(self, count: Count, detail: str) -> None:
        """Take that there is no answer, or no more of it.

        Args:
            count: why.
            detail: one line for the log, without anything that was said.
        """
        if not self.is_open:
            return
        self._close()
        self._counts[count] += 1
        if isinstance(self.event, FILE_KNOWS_BETTER) and not self._is_answered:
            self._file.respond(self.event, self._sink)
        else:
            self._sink(ReplyFailed(detail))

    def cancel(self) -> None:
        """Drop it; the sink hears nothing more."""
        if self.is_open:
            self._close()

    def _close(self) -> None:
        self.is_open = False
        self._too_long.cancel()
        self._next.cancel()
        self.stop()

    def _on_first_late(self) -> None:
        detail = _FIRST_LATE[self.waits_for].format(self._patience.first_s)
        self.fail(self.waits_for, detail)

    def _on_stalled(self) -> None:
        self.fail("stalled", f"nothing more of the agent for {self._patience.stall_s:g} s")

    def _on_too_long(self) -> None:
        self.fail("too_long", f"the agent's answer took {self._patience.total_s:g} s")
