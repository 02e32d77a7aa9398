"""Admission: places, reservations and refusals, at the webhook and when the stream starts."""

from typing import Any

import pytest

from actors.admission import PROMISE_S, Admission, CallRefused
from actors.admission_metrics import AdmissionMetrics
from telemetry import Metrics
from tests.support.call import settings

pytestmark = pytest.mark.unit


class House:
    """An admission with its calls and its clock in hand."""

    def __init__(self, **changes: Any) -> None:
        self.now = 1000.0
        self.live: dict[str, None] = {}
        self.gaps = 0
        configured = settings(**{"max_calls": 3, "token_ttl_s": 60, **changes})
        self.admission = Admission(
            configured, self.live.keys(), lambda: self.gaps, lambda: self.now
        )

    def start(self, call_sid: str) -> str | None:
        """Let a stream start; return why it is refused."""
        try:
            self.admission.admit(call_sid)
        except CallRefused as refused:
            return refused.reason
        self.live[call_sid] = None
        return None

    def overload(self) -> None:
        self.now += 5
        assert self.admission.observe(5.0) == "overloaded"


def test_a_promised_place_is_taken_until_its_stream_starts_and_then_it_is_the_calls() -> None:
    house = House(max_calls=1)
    assert house.admission.reserve("CA1") is None
    assert house.admission.reserve("CA2") == "busy"
    assert house.start("CA2") == "busy"
    assert house.start("CA1") is None
    assert (house.admission.reserved, house.admission.taken) == (0, 1)
    del house.live["CA1"]
    assert house.admission.reserve("CA2") is None


def test_a_place_whose_stream_never_comes_is_free_when_its_token_is_void() -> None:
    house = House(max_calls=1, token_ttl_s=60)
    house.admission.reserve("CA1")
    house.now += 59.9
    assert house.admission.reserve("CA2") == "busy"
    house.now += 0.2
    assert house.admission.reserve("CA2") is None
    assert house.admission.ended["expired"] == 1
    assert house.start("CA1") == "busy"


def test_a_webhook_that_comes_twice_keeps_one_place_and_begins_its_life_anew() -> None:
    house = House(max_calls=2, token_ttl_s=60)
    house.admission.reserve("CA1")
    house.admission.reserve("CA2")
    house.now += 40
    assert house.admission.reserve("CA1") is None
    assert house.admission.taken == 2
    house.now += 40
    assert house.admission.reserve("CA3") is None
    assert (house.start("CA1"), house.start("CA2")) == (None, "busy")


def test_a_stream_without_a_promise_takes_only_what_nobody_was_promised() -> None:
    house = House(max_calls=2)
    house.admission.reserve("CA1")
    assert house.start("CA8") is None
    assert house.start("CA9") == "busy"
    assert house.start("CA1") is None


def test_a_second_stream_of_a_call_is_a_duplicate_and_gives_its_promise_back() -> None:
    house = House(max_calls=2)
    house.start("CA1")
    assert house.admission.reserve("CA1") is None
    assert house.admission.taken == 1
    assert house.start("CA1") == "duplicate"
    assert house.admission.reserved == 0


def test_a_call_that_comes_again_while_all_places_are_taken_needs_no_other() -> None:
    house = House(max_calls=1)
    house.start("CA1")
    assert house.admission.reserve("CA1") is None
    del house.live["CA1"]
    assert house.admission.reserve("CA2") == "busy"
    assert house.start("CA1") is None


def test_a_place_is_given_back_once() -> None:
    house = House()
    house.admission.reserve("CA1")
    house.admission.release("CA1")
    house.admission.release("CA1")
    assert house.admission.taken == 0
    assert house.admission.ended["released"] == 1


def test_while_draining_promises_are_kept_for_a_while_and_none_is_made() -> None:
    house = House()
    for call_sid in ("CA1", "CA2"):
        house.admission.reserve(call_sid)
    house.admission.stop()
    assert house.admission.reserve("CA3") == "draining"
    assert house.start("CA3") == "draining"
    house.now += PROMISE_S - 0.1
    assert house.start("CA1") is None
    house.now += 0.2
    assert house.admission.reserved == 0
    assert house.start("CA2") == "draining"


def test_a_promise_that_ends_sooner_is_not_made_longer_by_draining() -> None:
    house = House(token_ttl_s=5)
    house.admission.reserve("CA1")
    house.now += 4
    house.admission.stop()
    house.now += 1.1
    assert house.admission.reserved == 0


def test_a_promise_cannot_be_renewed_while_draining() -> None:
    house = House()
    house.admission.reserve("CA1")
    house.admission.stop()
    assert house.admission.reserve("CA1") == "draining"
    assert house.admission.reserved == 0


def test_a_closed_admission_keeps_no_promise() -> None:
    house = House()
    house.admission.reserve("CA1")
    house.admission.close()
    assert house.start("CA1") == "draining"
    assert house.admission.ended["released"] == 1


def test_overload_refuses_new_calls_and_keeps_promises() -> None:
    house = House()
    house.start("CA1")
    house.admission.reserve("CA2")
    house.overload()
    assert house.admission.reserve("CA3") == "overload"
    assert house.start("CA3") == "overload"
    assert house.admission.reserve("CA2") is None
    assert house.start("CA2") is None


def test_the_first_call_is_taken_whatever_the_load_says() -> None:
    house = House()
    house.overload()
    assert house.admission.reserve("CA1") is None
    assert house.admission.reserve("CA2") == "overload"


def test_readiness_ends_before_calls_are_refused() -> None:
    house = House(max_calls=10, ready_calls_percent=80)
    for number in range(7):
        house.start(f"CA{number}")
    assert house.admission.unreadiness() is None
    house.admission.reserve("CA7")
    assert house.admission.unreadiness() == "busy"
    assert house.admission.reserve("CA8") is None
    assert house.admission.refusal() is None


@pytest.mark.parametrize("max_calls", [1, 2])
def test_an_empty_server_is_ready_however_few_its_places(max_calls: int) -> None:
    house = House(max_calls=max_calls, ready_calls_percent=10)
    assert house.admission.unreadiness() is None


def test_readiness_ends_at_a_load_at_which_calls_are_still_taken() -> None:
    house = House(load_window_s=10, load_late_percent=20, ready_load_percent=50)
    house.start("CA1")
    house.now += 1.2
    assert house.admission.observe(1.2) == "high"
    assert house.admission.unreadiness() == "overload"
    assert house.admission.reserve("CA2") is None


def test_gaps_that_were_heard_are_load() -> None:
    house = House(load_window_s=10, load_gaps_per_minute=30)
    house.start("CA1")
    house.gaps = 6
    house.now += 0.05
    assert house.admission.observe(0.0) == "overloaded"
    assert house.admission.observe(0.0) is None
    assert house.admission.load.gaps_per_minute == 36


def test_it_is_known_how_long_ago_the_last_call_went() -> None:
    house = House()
    assert house.admission.quiet_s > 1e9
    house.admission.left()
    house.now += 1.5
    assert house.admission.quiet_s == 1.5


def test_metrics_show_places_ends_and_load() -> None:
    house, metrics = House(), Metrics()
    metrics.registry.register(AdmissionMetrics(house.admission))
    for call_sid in ("CA1", "CA2", "CA3"):
        house.admission.reserve(call_sid)
    house.start("CA1")
    house.admission.release("CA2")
    house.overload()
    shown = metrics.render().decode()
    assert "\nreservations 1.0\n" in shown
    assert 'reservations_ended_total{end="started"} 1.0' in shown
    assert 'reservations_ended_total{end="released"} 1.0' in shown
    assert "\nload_late_share 0.5\n" in shown
    assert "\nspeech_gaps_total 0.0\n" in shown
