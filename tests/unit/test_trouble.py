"""When a caller who waits in vain is told: once, in time, and only if there is a wait."""

from collections import deque
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_memory import AgentMemory
from actors.agent_messages import TroubleDue
from actors.clock import Timer
from actors.family import OutOfBand
from actors.trouble import Trouble
from tests.support.engines import EchoBrain
from tests.support.manual import ManualRuntime

pytestmark = pytest.mark.unit

SAID_AFTER_S = 2.0


class Desk(ManualRuntime):
    """A `Trouble` whose timer asks it at once, as its owner does."""

    def __init__(self) -> None:
        super().__init__()
        self.idle = True
        self.said_at: list[float] = []
        self.memory = AgentMemory(EchoBrain(), deque())
        self.trouble = self.made()

    def made(self) -> Trouble:
        """Make the first one, or that of a successor."""
        return Trouble(self._after, self.memory, self.clock, SAID_AFTER_S)

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        assert message == TroubleDue()
        assert delay_s >= 0
        return self.clock.call_later(delay_s, self._due)

    def _due(self) -> None:
        if self.trouble.is_due(idle=self.idle):
            self.said_at.append(self.clock.now())

    def speak(self, seconds: float = 1.0) -> float:
        """Let the caller speak for so long; returns when they stopped."""
        self.trouble.caller_spoke()
        self.advance(seconds)
        self.trouble.caller_stopped(self.clock.now())
        return self.clock.now()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.trouble.release()


def test_who_waits_is_told_two_seconds_after_having_stopped(desk: Desk) -> None:
    desk.trouble.lost()
    stopped_at = desk.speak()
    desk.advance(60)
    assert desk.said_at == [pytest.approx(stopped_at + SAID_AFTER_S)]


def test_the_wait_counts_from_the_end_of_the_voice_and_not_from_the_trouble(desk: Desk) -> None:
    stopped_at = desk.speak()
    desk.advance(1.5)
    desk.trouble.lost()
    desk.advance(60)
    assert desk.said_at == [pytest.approx(stopped_at + SAID_AFTER_S)]


def test_who_has_waited_longer_already_is_told_at_once(desk: Desk) -> None:
    desk.speak()
    desk.advance(5)
    desk.trouble.lost()
    desk.advance(0)
    assert desk.said_at == [desk.clock.now()]


def test_the_hangover_of_the_border_is_part_of_the_wait(desk: Desk) -> None:
    desk.trouble.lost()
    desk.trouble.caller_spoke()
    ended_at = desk.clock.now()
    desk.advance(0.32)
    desk.trouble.caller_stopped(ended_at)
    desk.advance(60)
    assert desk.said_at == [pytest.approx(ended_at + SAID_AFTER_S)]


def test_a_caller_who_has_said_nothing_is_told_nothing(desk: Desk) -> None:
    desk.trouble.lost()
    desk.advance(60)
    assert desk.said_at == []
    assert desk.clock.pending == 0


def test_a_cough_is_nothing_to_wait_for(desk: Desk) -> None:
    desk.trouble.lost()
    desk.trouble.caller_stopped(desk.clock.now())
    desk.advance(60)
    assert desk.said_at == []


def test_a_caller_who_goes_on_speaking_does_not_wait(desk: Desk) -> None:
    desk.trouble.lost()
    for _ in range(5):
        desk.speak()
        desk.advance(SAID_AFTER_S - 0.1)
    desk.trouble.caller_spoke()
    desk.advance(60)
    assert desk.said_at == []


def test_who_was_understood_does_not_wait(desk: Desk) -> None:
    desk.speak()
    desk.trouble.answered()
    desk.trouble.lost()
    desk.advance(60)
    assert desk.said_at == []
    desk.trouble.caller_stopped(desk.clock.now())
    desk.advance(60)
    assert desk.said_at == []


def test_being_understood_in_time_calls_it_off(desk: Desk) -> None:
    desk.trouble.lost()
    desk.speak()
    desk.advance(SAID_AFTER_S - 0.1)
    desk.trouble.answered()
    desk.advance(60)
    assert desk.said_at == []
    assert desk.clock.pending == 0


def test_a_recogniser_that_is_well_again_needs_no_word(desk: Desk) -> None:
    desk.trouble.lost()
    desk.speak()
    desk.trouble.restored()
    desk.advance(60)
    assert desk.said_at == []
    assert desk.clock.pending == 0


def test_a_recogniser_that_is_well_needs_no_word_however_long_it_takes(desk: Desk) -> None:
    desk.speak()
    desk.advance(60)
    assert desk.said_at == []


def test_it_is_said_once_for_each_wait(desk: Desk) -> None:
    desk.trouble.lost()
    for waits in (1, 2, 3):
        desk.speak()
        desk.advance(10)
        desk.trouble.look_again()
        desk.advance(10)
        assert len(desk.said_at) == waits


def test_while_the_line_is_not_silent_it_is_put_off_until_somebody_looks_again(
    desk: Desk,
) -> None:
    desk.trouble.lost()
    desk.idle = False
    desk.speak()
    desk.advance(10)
    assert desk.said_at == []
    desk.idle = True
    desk.advance(10)
    assert desk.said_at == []
    desk.trouble.look_again()
    desk.advance(0)
    assert desk.said_at == [desk.clock.now()]


def test_to_look_again_says_nothing_that_is_not_due(desk: Desk) -> None:
    desk.trouble.look_again()
    desk.trouble.lost()
    desk.trouble.look_again()
    stopped_at = desk.speak()
    desk.trouble.look_again()
    desk.advance(60)
    assert desk.said_at == [pytest.approx(stopped_at + SAID_AFTER_S)]


def test_a_successor_knows_that_the_recogniser_is_unwell(desk: Desk) -> None:
    desk.trouble.lost()
    desk.trouble = desk.made()
    stopped_at = desk.speak()
    desk.advance(60)
    assert desk.said_at == [pytest.approx(stopped_at + SAID_AFTER_S)]
    desk.trouble.restored()
    desk.trouble = desk.made()
    desk.speak()
    desk.advance(60)
    assert len(desk.said_at) == 1


def test_a_timer_that_fires_when_nobody_waits_any_more_says_nothing(desk: Desk) -> None:
    desk.trouble.lost()
    assert not desk.trouble.is_due(idle=True)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lost", "restored", "spoke", "stopped", "understood", "look", "busy"]),
        st.floats(0.0, 3.0),
    ),
    max_size=40,
)


@settings(derandomize=True, database=None)
@given(STEPS)
def test_it_is_never_said_out_of_turn_nor_twice(steps: list[tuple[str, float]]) -> None:
    desk = Desk()
    lost = spoke = waits = False
    may_say = 0
    for step, wait_s in steps:
        match step:
            case "lost":
                lost, may_say = True, 1
                desk.trouble.lost()
            case "restored":
                lost = False
                desk.trouble.restored()
            case "spoke":
                spoke, waits = True, False
                desk.trouble.caller_spoke()
            case "stopped":
                waits = spoke
                desk.trouble.caller_stopped(desk.clock.now())
            case "understood":
                spoke = waits = False
                desk.trouble.answered()
            case "look":
                desk.trouble.look_again()
            case _:
                desk.idle = not desk.idle
        before = len(desk.said_at)
        desk.advance(wait_s)
        said = len(desk.said_at) - before
        assert said <= (may_say if lost and waits and desk.idle else 0)
        may_say -= said
        assert desk.clock.pending <= 1
