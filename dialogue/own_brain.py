"""The brain of one call whose agent somebody else wrote: runs that code and hears it out.

Owns the agent of the call and that nothing of it runs twice at the same time, not even
behind a function that hangs. Plain code runs in a thread, `async` code on the loop; what
either gives goes to the reply, one output at a time. Deadlines are the reply's business. The
agent actor tells it events; `dialogue.own_agent` makes it.
"""

import asyncio
import inspect
from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Final, cast

from loguru import logger

from dialogue.agent_api import AgentFactory, Respond
from dialogue.own_code import close_of, respond_of, runs_on_the_loop
from dialogue.own_errors import place_of, trace_of
from dialogue.own_outputs import AnswerRefused, OutputReader, is_async, is_ready, several
from dialogue.own_reply import OwnReply, cannot_be_stopped
from dialogue.own_threads import CODE_FAILED, AgentThreads
from dialogue.patience import Patience
from dialogue.ports import BrainOutput, BrainSink, CallerEvent, CallFacts, Manners
from dialogue.scripted import ScriptedBrain

Put = Callable[[BrainOutput | None], object]


@dataclass(frozen=True, slots=True)
class Workplace:
    """What the agents of all calls share."""

    threads: AgentThreads
    patience: Patience
    counts: "Counter[str]" = field(default_factory=Counter[str])
    tasks: set["asyncio.Task[None]"] = field(default_factory=set["asyncio.Task[None]"])
    """Running ones: at most a few for each call."""


class OwnBrain:
    """Implements `dialogue.ports.Brain`.

    Args:
        call: whose brain it is.
        factory: makes the agent, before the first event.
        file: answers what the agent does not.
        place: where its code runs.
    """

    def __init__(
        self, call: CallFacts, factory: AgentFactory, file: ScriptedBrain, place: Workplace
    ) -> None:
        self._call: Final = call
        self._factory: Final = factory
        self._file: Final = file
        self._place: Final = place
        self._agent: object = None
        self._respond: Respond | None = None
        self._turn: Final = asyncio.Lock()
        """Held while code of this call runs or hangs."""

    @property
    def manners(self) -> Manners:
        """What is said of the agent's own accord."""
        return self._file.manners

    def respond(self, event: CallerEvent, sink: BrainSink) -> OwnReply:
        """Let the agent answer an event; needs a running event loop."""
        place = self._place
        reply = OwnReply(event, sink, place.patience, self._file, place.counts)
        task = self._spawn(self._answer(reply))
        reply.stop = partial(_cancel_from_outside, task)
        return reply

    def close(self) -> None:
        """Tell the agent that its call is over, once it does nothing else; nobody waits."""
        if self._agent is not None and (close := close_of(self._agent)):
            self._spawn(self._close(close))

    def _spawn(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(work, name="own agent")
        self._place.tasks.add(task)
        task.add_done_callback(self._place.tasks.discard)
        return task

    async def _answer(self, reply: OwnReply) -> None:
        async with self._turn:
            try:
                await self._produce(reply)
            except AnswerRefused as refusal:
                reply.fail("refused", str(refusal))
            except CODE_FAILED as error:
                if _is_ours(error):
                    raise
                self._log(error)
                reply.fail("raised", place_of(error))
            else:
                reply.done()

    async def _produce(self, reply: OwnReply) -> None:
        respond = self._respond or await self._make(reply)
        if not reply.is_open:
            return
        reader = OutputReader()
        given: object
        if runs_on_the_loop(respond):
            reply.waits_for = "late"
            given = respond(reply.event)
        else:
            loop = asyncio.get_running_loop()
            given = await self._in_thread(reply, partial(_told, respond, reader, reply, loop))
        await self._hear(given, reader, reply)

    async def _make(self, reply: OwnReply) -> Respond:
        made: object
        if runs_on_the_loop(self._factory):
            reply.waits_for = "late"
            made = self._factory(self._call)
        else:
            made = await self._in_thread(reply, partial(self._factory, self._call))
        if isinstance(made, Awaitable):
            made = await cast("Awaitable[object]", made)
        self._agent, self._respond = made, respond_of(made)
        return self._respond

    async def _in_thread(self, reply: OwnReply, work: Callable[[], object]) -> object:
        """Run plain code. It cannot be stopped, so it is waited for, whoever has given it up."""
        reply.waits_for = "no_thread"
        await self._place.threads.take_seat()
        reply.waits_for = "late"
        stop, reply.stop = reply.stop, cannot_be_stopped
        try:
            return await self._place.threads.run(work)
        finally:
            reply.stop = stop

    async def _hear(self, given: object, reader: OutputReader, reply: OwnReply) -> None:
        """Take what is given on the loop, going back to a thread if that runs plain code."""
        if not reply.is_open:
            if inspect.iscoroutine(given):
                given.close()
            return
        if isinstance(given, AsyncIterable):
            await _hear_async(cast("AsyncIterable[object]", given), reader, reply)
        elif isinstance(given, Awaitable):
            await self._hear(await cast("Awaitable[object]", given), reader, reply)
        elif is_ready(given):
            _hear_plain(given, reader, reply, reply.put)
        else:
            put = _from_thread(asyncio.get_running_loop(), reply)
            await self._in_thread(reply, partial(_hear_plain, given, reader, reply, put))

    async def _close(self, close: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(self._place.patience.total_s), self._turn:
                if runs_on_the_loop(close):
                    given = close()
                else:
                    await self._place.threads.take_seat()
                    given = await self._place.threads.run(close)
                if isinstance(given, Awaitable):
                    await given
        except CODE_FAILED as error:
            if _is_ours(error):
                raise
            self._log(error)

    def _log(self, error: BaseException) -> None:
        log = logger.bind(call_sid=self._call.call_sid)
        log.error("⚠️ [AGENT] Its code failed: {}", trace_of(error))


def _cancel_from_outside(task: "asyncio.Task[None]") -> None:
    """Cancel a task, unless it does this itself: then it is about to end anyway."""
    if asyncio.current_task() is not task:
        task.cancel()


def _is_ours(error: BaseException) -> bool:
    """Tell whether this is our own cancelling, and not one that the code has made up."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def _told(
    respond: Respond, reader: OutputReader, reply: OwnReply, loop: asyncio.AbstractEventLoop
) -> object:
    """Tell plain code of an event, in a thread, and hear it out there.

    Returns:
        what must be heard on the loop, if anything.
    """
    given = respond(reply.event)
    if is_async(given):
        return given
    _hear_plain(given, reader, reply, _from_thread(loop, reply))
    return ()


def _from_thread(loop: asyncio.AbstractEventLoop, reply: OwnReply) -> Put:
    return lambda output: loop.call_soon_threadsafe(reply.put, output)


def _hear_plain(given: object, reader: OutputReader, reply: OwnReply, put: Put) -> None:
    """Pass on the outputs that plain code gives, until nobody wants them any more.

    There is no queue to overflow: the reader stops a flood at its bound.
    """
    items = iter(several(given))
    try:
        for item in items if reply.is_open else ():
            if not reply.is_open:
                break
            output = reader.read(item)
            if item is not None:
                put(output)
    finally:
        if close := getattr(items, "close", None):
            close()


async def _hear_async(given: AsyncIterable[object], reader: OutputReader, reply: OwnReply) -> None:
    items = aiter(given)
    try:
        async for item in items:
            output = reader.read(item)
            if item is not None:
                reply.put(output)
            if not reply.is_open:
                break
    finally:
        if close := getattr(items, "aclose", None):
            await close()
