"""The way out of a call, by itself: what is posted, once, and by when."""

from collections.abc import Callable

import pytest
from loguru import logger

from actors.clock import Timer
from actors.context import CallContext
from actors.family import OutOfBand
from actors.farewell import CarrierTold, CloseOverdue, Farewell, StopOverdue
from actors.messages import CloseSocket
from actors.outcome import CallControl, HungUp, Outcome, Told
from actors.stats import CallStats
from telemetry import Metrics
from tests.support.call import settings
from tests.support.manual import ManualRuntime
from tests.support.peers import RecordingPeer

pytestmark = pytest.mark.unit


class Silent:
    """A carrier that never answers."""

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        """Say nothing."""


class Desk(ManualRuntime):
    """A `Farewell`, and what becomes of it."""

    def __init__(self, control: CallControl | None = None) -> None:
        super().__init__()
        self.call, self.tx = RecordingPeer(), RecordingPeer()
        self.due: list[tuple[float, OutOfBand]] = []
        context = CallContext("CA1", settings(), self.runtime, Metrics(), CallStats(), logger)
        self.farewell = Farewell(context, self.call, self.tx, control, self._after)

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        self.due.append((delay_s, message))
        return self.clock.call_later(delay_s, lambda: None)


def test_without_a_carrier_the_socket_is_closed_and_soon_torn_down() -> None:
    desk = Desk()
    desk.farewell.say("goodbye", HungUp())
    assert desk.tx.messages == [CloseSocket("goodbye")]
    assert desk.due == [(5, CloseOverdue())]
    assert desk.farewell.reason == "goodbye"


def test_with_one_the_socket_stays_open_until_its_time_is_up() -> None:
    desk = Desk(Silent())
    desk.farewell.say("goodbye", HungUp())
    assert desk.tx.messages == []
    assert desk.due == [(8.0, StopOverdue())]


def test_the_socket_is_closed_once_however_many_reasons_there_are() -> None:
    desk = Desk(Silent())
    desk.farewell.say("goodbye", HungUp())
    for told in (Told.FAILED, Told.GONE, Told.FAILED):
        desk.farewell.told(CarrierTold(told, "x"))
    desk.farewell.close()
    assert desk.tx.messages == [CloseSocket("goodbye")]
    assert [message for _, message in desk.due].count(CloseOverdue()) == 1


def test_a_socket_closed_for_another_reason_is_not_closed_again() -> None:
    desk = Desk()
    desk.farewell.expect_close("tx_failed")
    desk.farewell.close()
    assert desk.tx.messages == []
    assert desk.farewell.reason == "tx_failed"


def test_a_reason_stays_the_first_one() -> None:
    desk = Desk(Silent())
    desk.farewell.say("transfer", HungUp())
    desk.farewell.expect_close("tx_failed")
    assert desk.farewell.reason == "transfer"
