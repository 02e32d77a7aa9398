"""One reply of a model: asked, read as it comes, spoken sentence by sentence.

Owns the order of things in one reply, its time limits and its end: `ReplyDone` or
`ReplyFailed`, once, and nothing after `cancel()`. Says nothing of what was said in a failure.
`dialogue.model_brain` starts one for each event that the model answers.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final

from dialogue.model_calls import CallGatherer, messages_about
from dialogue.model_memory import ModelMemory
from dialogue.model_stream import (
    ChatModel,
    Finished,
    Message,
    ModelError,
    Piece,
    TextDelta,
    ToolDelta,
)
from dialogue.model_thoughts import Thoughts
from dialogue.own_errors import place_of
from dialogue.patience import Patience
from dialogue.ports import (
    BrainOutput,
    BrainSink,
    CallFacts,
    CollectDigits,
    EndCall,
    ReplyBegan,
    ReplyDone,
    ReplyFailed,
    Say,
    TransferCall,
)
from dialogue.sentences import MAX_ANSWER_CHARS, SentenceCutter
from dialogue.tools_box import Toolbox, ToolCall, ToolResult

MAX_ROUNDS: Final = 5
"""Times that a model may call tools in one reply."""

RETRY_SHARE: Final = 0.5
"""Of the time for the first token; a request that failed is repeated once if this is left."""


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What the replies of all calls share."""

    model: ChatModel
    toolbox: Toolbox
    patience: Patience
    counts: "Counter[str]" = field(default_factory=Counter[str])
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    """The replies under way; a loop alone would let them be collected."""


class ModelReply:
    """Implements `dialogue.ports.Reply`. The event is in the memory already."""

    def __init__(
        self, parts: ModelParts, memory: ModelMemory, facts: CallFacts, sink: BrainSink
    ) -> None:
        """Begin to answer. Needs a running loop."""
        self._parts = parts
        self._memory = memory
        self._facts = facts
        self._sink = sink
        self._began = self._said = self._over = False
        self._clock = asyncio.get_running_loop().time
        self._waiting_for = ""
        self._total_at = self._clock() + parts.patience.total_s
        self._place = memory.place()
        self._base = memory.messages()
        self._task = asyncio.get_running_loop().create_task(self._run())
        parts.tasks.add(self._task)
        self._task.add_done_callback(parts.tasks.discard)

    def cancel(self) -> None:
        """Drop it: the request ends, the sink hears nothing more."""
        if not self._over:
            self._over = True
            self._task.cancel()

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(None) as self._limit:
                await self._answer()
        except TimeoutError:
            self._end(ReplyFailed(f"model: {self._waiting_for}"))
        except ModelError as error:
            self._end(ReplyFailed(error.detail))
        except asyncio.CancelledError:  # By `cancel()`, at the end of the server, or by a tool.
            self._end(ReplyFailed("model: the reply was called off"))
            raise
        # The boundary to everything that runs here; the caller must not wait in vain.
        except Exception as error:  # noqa: BLE001
            self._end(ReplyFailed(f"model: {place_of(error)}"))

    async def _answer(self) -> None:
        asked: list[Message] = list(self._base)
        for _ in range(MAX_ROUNDS):
            calls, said = await self._round(asked)
            if self._over:
                return
            results, ends = await self._use_tools(calls, said)
            if ends:
                self._end(ReplyDone())
                return
            asked += messages_about(calls, results, said)
        calls, _ = await self._round(asked)
        if calls:
            raise ModelError(f"model: more than {MAX_ROUNDS} rounds of tools in one reply")

    # --- one request -----------------------------------------------------------------

    async def _round(self, asked: Sequence[Message]) -> tuple[list[ToolCall], str]:
        """Ask once, twice if the first request fails early, and speak what comes.

        Returns:
            the tools to use, if any, and what was said beside them. Without any the reply
            is over.
        """
        first_s = self._parts.patience.first_s
        until = self._clock() + first_s
        attempt = _Attempt(first=not self._said)
        try:
            return await self._read(asked, attempt, until)
        except ModelError as error:
            left = until - self._clock()
            if not error.may_pass or attempt.began or left < first_s * RETRY_SHARE:
                raise
            self._parts.counts["retries"] += 1
        return await self._read(asked, _Attempt(first=not self._said), until)

    async def _read(
        self, asked: Sequence[Message], attempt: "_Attempt", until: float
    ) -> tuple[list[ToolCall], str]:
        self._wait("no first token in time", until)
        stream = self._parts.model.stream(asked, self._parts.toolbox.specs)
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                self._take(piece, attempt)
        return attempt.gatherer.calls(), attempt.text

    def _take(self, piece: Piece, attempt: "_Attempt") -> None:
        match piece:
            case TextDelta(text):
                if answer := attempt.thoughts.spoken(text):
                    self._go_on(attempt)
                    attempt.keep(answer)
                    self._say(attempt.cutter.push(answer))
            case ToolDelta():
                self._go_on(attempt)
                self._say(attempt.cutter.finish())  # The caller hears it while the tool works.
                attempt.gatherer.push(piece)
            case Finished(reason):
                self._finish(attempt, reason)

    def _go_on(self, attempt: "_Attempt") -> None:
        """Note that something came."""
        attempt.began = True
        if not self._began:
            self._began = True
            self._emit(ReplyBegan())
        self._wait("stalled in the middle", self._clock() + self._parts.patience.stall_s)

    def _finish(self, attempt: "_Attempt", reason: str) -> None:
        """End the answer, and the reply with it, before the last bytes of it are read."""
        self._say(attempt.cutter.push(attempt.thoughts.finish()))
        if reason == "length" and self._said:
            attempt.cutter.drop_rest()  # Broken off in the middle of a sentence.
        self._say(attempt.cutter.finish())
        self._parts.counts["dropped_chars"] += attempt.cutter.dropped_chars
        if attempt.gatherer.calls():
            return
        if self._said:
            self._end(ReplyDone())
        else:
            raise ModelError(f"model: an answer with nothing to say ({reason})")

    # --- tools -----------------------------------------------------------------------

    async def _use_tools(
        self, calls: Sequence[ToolCall], said: str
    ) -> tuple[list[ToolResult], bool]:
        """Run tools, remember them, do what they ask for.

        Returns:
            the results, and whether the reply ends with them.
        """
        self._wait("tools took too long", self._total_at)
        self._parts.counts["tool_calls"] += len(calls)
        # Remembered first: a tool that the caller interrupts may have done its work.
        aside = self._memory.add(self._place, messages_about(calls, None))
        results = await self._parts.toolbox.run(calls, self._facts)
        aside.messages = messages_about(calls, results)
        deeds = [deed for result in results for deed in result.deeds]
        for deed in deeds:
            self._emit(deed)
            self._said = self._said or isinstance(deed, Say)
        leaves = any(isinstance(deed, EndCall | TransferCall) for deed in deeds)
        asks = bool(said.strip()) and any(isinstance(deed, CollectDigits) for deed in deeds)
        return results, leaves or asks

    # --- what goes out ---------------------------------------------------------------

    def _wait(self, what: str, until: float) -> None:
        """Wait for something, until a time of the loop's clock."""
        late = until >= self._total_at
        self._waiting_for = "the whole answer took too long" if late else what
        self._limit.reschedule(min(until, self._total_at))

    def _say(self, sentences: Sequence[str]) -> None:
        for sentence in sentences:
            self._said = True
            self._emit(Say(sentence))

    def _end(self, output: ReplyDone | ReplyFailed) -> None:
        if not self._over:
            self._parts.counts["done" if isinstance(output, ReplyDone) else "failed"] += 1
            self._emit(output)
            self._over = True

    def _emit(self, output: BrainOutput) -> None:
        if not self._over:
            self._sink(output)


class _Attempt:
    """What one request has brought so far."""

    def __init__(self, *, first: bool) -> None:
        self.began = False
        self.text = ""
        """What the model wrote, at most `MAX_ANSWER_CHARS`."""

        self.cutter = SentenceCutter(first=first)
        self.thoughts = Thoughts()
        self.gatherer = CallGatherer()

    def keep(self, text: str) -> None:
        """Add to what the model wrote."""
        self.text += text[: MAX_ANSWER_CHARS - len(self.text)]
