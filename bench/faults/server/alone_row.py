"""A row of the fault table with a server of its own: its shape, and what all of them do first."""

from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from bench.faults.server.call import FaultyCall
from bench.faults.server.process import ServerUnderTest

BESIDE: Final = 5
"""Calls beside the faulty one."""

Work = Callable[[ServerUnderTest], Awaitable[str]]
"""Does it, and says what came of it; raises `Broken`."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a row needs once its surroundings are there."""

    work: Work
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of its server, beyond `run.SETTINGS`."""


@dataclass(frozen=True, slots=True)
class AloneRow:
    """One such row."""

    name: str
    promised: str
    prepare: Callable[[], AbstractContextManager[Prepared]]
    """Sets up what is to be around the server from before its start to after its end."""
    options: tuple[str, ...] = ()
    """Arguments of `bench.faults.server.controlled_server`."""


def alone(
    name: str,
    promised: str,
    work: Work,
    settings: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> AloneRow:
    """Make a row whose server needs nothing around it."""

    @contextmanager
    def prepare() -> Generator[Prepared]:
        yield Prepared(work, settings or {})

    return AloneRow(name, promised, prepare, options)


async def greeted(stack: AsyncExitStack, call: FaultyCall) -> FaultyCall:
    """Place a call that lasts as long as the stack, and let it be greeted."""
    await stack.enter_async_context(call)
    return await call.greeted()
