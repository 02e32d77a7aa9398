"""What an ended call leaves in memory: nothing that would have to wait for a collection."""

import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest

from tests.support.call import ManualCall
from tests.support.engines import word
from tests.support.faults import CHILDREN, hang_up, kill

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]


@pytest.fixture
def no_collections() -> Generator[None]:
    """Let reference counts alone free things."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _watched(call: ManualCall) -> dict[str, weakref.ref[Any]]:
    parts = call.parts
    watched = {name: weakref.ref(call.actor(name)) for name in (*CHILDREN, "call")}
    watched["parts"] = weakref.ref(parts)
    return watched


def _left(watched: dict[str, weakref.ref[Any]]) -> list[str]:
    return [name for name, ref in watched.items() if ref() is not None]


def _forget_engines(call: ManualCall) -> None:
    """The scripted engines keep what they were asked, for tests to look at."""
    call.recognizer.streams.clear()
    call.recognizer.requests.clear()
    call.synthesizer.jobs.clear()


@pytest.mark.usefixtures("no_collections")
def test_an_ended_call_is_freed_without_a_collection(place_call: PlaceCall) -> None:
    call = place_call()
    call.quiet(1)
    call.hear(word(1))
    call.quiet(1)
    watched = _watched(call)
    hang_up(call)
    _forget_engines(call)
    assert _left(watched) == []


@pytest.mark.usefixtures("no_collections")
@pytest.mark.parametrize("child", CHILDREN)
def test_a_call_whose_child_crashed_is_freed_without_a_collection(
    place_call: PlaceCall, child: str
) -> None:
    call = place_call()
    call.quiet(1)
    kill(call, child)
    call.quiet(1)
    watched = _watched(call)
    hang_up(call)
    _forget_engines(call)
    assert _left(watched) == []
