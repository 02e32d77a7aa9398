"""What a process holds now, counted from inside: threads, descriptors, tasks, timers, actors.

Pure reading, on the event loop. Counting collects no garbage: what waits for a collection is
counted too. Weighing does collect it. Linux and CPython.
"""

import asyncio
import ctypes
import gc
import os
import sys
import threading
from asyncio import TimerHandle
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

from pykka import ActorRegistry

from actors.call_parts import CallParts
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from web.call_session import CallSession
from web.media_socket import MediaConnection

OF_CALLS: Final = (LoopActor, Mailbox, CallParts, CallSession, MediaConnection)
"""What every call makes and none may leave behind."""

CHAIN_MAX: Final = 12
"""Links of a chain of referrers that are told."""

LINK_CHARS: Final = 160


class _HeapInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc 2.33 and later; all fields are bytes or counts."""

    _fields_ = (
        *((name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd")),
        *((name, ctypes.c_size_t) for name in ("usmblks", "fsmblks", "uordblks")),
        *((name, ctypes.c_size_t) for name in ("fordblks", "keepcost")),
    )


@dataclass(frozen=True, slots=True)
class Counts:
    """Everything that must come back to where it was."""

    threads: int
    descriptors: int
    tasks: int
    timers: int
    actors: int
    """That Pykka still knows."""
    of_calls: int
    """Instances of `OF_CALLS`, known to anybody or waiting for a collection."""
    calls: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What is held in memory; a leak shows in `blocks` first, in `rss_bytes` at last."""

    rss_bytes: int
    """Of the kernel's. Moves in steps, because allocators keep pages."""
    heap_bytes: int
    """In use by C's `malloc`: large Python objects, arrays, libraries. 0 where not told."""
    blocks: int
    """Small Python objects (up to 512 bytes each) in use: exact."""
    garbage: int
    """Objects that only this collection has freed."""


def count(calls: int) -> Counts:
    """Count now. What it makes itself is not in it.

    Args:
        calls: how many the root says that there are.
    """
    return Counts(
        threads=max(threading.active_count(), _entries("/proc/self/task")),
        descriptors=_entries("/proc/self/fd") - 1,  # the one it was listed with
        tasks=len(asyncio.all_tasks()),
        timers=sum(1 for _ in _timers()),
        actors=len(ActorRegistry.get_all()),
        of_calls=sum(issubclass(type(one), OF_CALLS) for one in _objects()),
        calls=calls,
    )


def weigh() -> Memory:
    """Collect the garbage, give the kernel back what is free, and weigh the rest."""
    garbage = gc.collect()
    libc = ctypes.CDLL(None)
    heap_bytes = 0
    if hasattr(libc, "mallinfo2"):
        libc.malloc_trim(0)
        libc.mallinfo2.restype = _HeapInfo
        info = libc.mallinfo2()
        heap_bytes = info.uordblks + info.hblkhd
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Memory(
        rss_bytes=pages * os.sysconf("SC_PAGE_SIZE"),
        heap_bytes=heap_bytes,
        blocks=sys.getallocatedblocks(),
        garbage=garbage,
    )


def types() -> Counter[str]:
    """Count the objects the collector knows by their type: two of these show what stayed."""
    return Counter(map(_name, _objects()))


def chain(type_name: str) -> list[str]:
    """Say who holds an object of this type, link by link, up to what lives for ever."""
    found = next((one for one in _objects() if _name(one) == type_name), None)
    links: list[str] = []
    seen: set[int] = set()
    while found is not None and len(links) < CHAIN_MAX:
        links.append(f"{_name(found)}: {_shown(found)}")
        seen.add(id(found))
        held, found = found, None
        found = next(_holders(held, seen), None)
        if isinstance(found, ModuleType):
            break
    return links


def _holders(held: object, seen: set[int]) -> Iterator[object]:
    for one in gc.get_referrers(held):
        ours = isinstance(one, FrameType) and one.f_code.co_filename == __file__
        if not ours and id(one) not in seen and one is not seen:
            yield one


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _objects() -> list[Any]:
    return gc.get_objects()


def _name(one: object) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}"


def _shown(one: object) -> str:
    """Names alone: what objects hold may be private, or long."""
    if isinstance(one, dict):
        keys = [str(key) for key in list(one)[:8]]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        return f"keys {', '.join(keys)}"[:LINK_CHARS]
    if isinstance(one, FrameType):
        return one.f_code.co_qualname
    return str(getattr(one, "__qualname__", getattr(one, "name", "")))[:LINK_CHARS]


def _timers() -> Iterator[object]:
    """The timers that are set.

    asyncio keeps cancelled ones in its heap for a while; uvloop takes them out at once. uvloop
    shows its set of them to the collector alone: it is the one set of handles it refers to.
    """
    loop: Any = asyncio.get_running_loop()
    if hasattr(loop, "_scheduled"):
        scheduled: list[TimerHandle] = loop._scheduled  # noqa: SLF001  # nothing public counts them
        yield from (timer for timer in scheduled if not timer.cancelled())
        return
    for held in gc.get_referents(loop):
        if isinstance(held, set):
            yield from (one for one in held if type(one).__name__ == "TimerHandle")  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
