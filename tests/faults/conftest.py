"""Every call a fault test places is hung up at its end, and must leave nothing behind."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.call import ManualCall
from tests.support.faults import assert_nothing_left, hang_up
from tests.support.stamped_call import StampedCall
from tests.support.stamped_faults import Fault


@pytest.fixture
def place_call() -> Iterator[Callable[..., ManualCall]]:
    """Place calls; `ManualCall`'s arguments."""
    calls: list[ManualCall] = []

    def place(**arguments: Any) -> ManualCall:
        calls.append(ManualCall(**arguments))
        return calls[-1]

    yield place
    for call in calls:
        hang_up(call)
        assert_nothing_left(call)


@pytest.fixture
def place_stamped_call() -> Iterator[Callable[..., StampedCall]]:
    """Place calls of a stamped caller; `StampedCall`'s arguments."""
    calls: list[StampedCall] = []

    def place(*faults: Fault, **arguments: Any) -> StampedCall:
        calls.append(StampedCall(faults, **arguments))
        return calls[-1]

    yield place
    for call in calls:
        call.hang_up_audio()
        hang_up(call)
        assert_nothing_left(call)
