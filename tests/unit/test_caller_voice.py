"""What hangs on the caller's voice: the confirmation of a barge-in, the patience with silence."""

import pytest

from actors.caller_voice import CallerVoice, LineSilent, VoiceConfirmed
from actors.clock import ManualClock, Timer
from actors.family import OutOfBand

pytestmark = pytest.mark.unit


class Line:
    """A voice on a manual clock that notes what its owner would be sent, and when."""

    def __init__(self) -> None:
        self.clock = ManualClock(start_at=0.0)
        self.sent: list[tuple[float, OutOfBand]] = []
        self.voice = CallerVoice(self._after, patience_s=8.0)

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        return self.clock.call_later(delay_s, lambda: self.sent.append((self.clock.now(), message)))


@pytest.fixture
def line() -> Line:
    return Line()


def test_a_voice_that_lasts_is_confirmed_once(line: Line) -> None:
    line.voice.started(0.1)
    line.clock.advance(60)
    assert line.sent == [(0.1, VoiceConfirmed())]


def test_a_voice_that_ends_first_is_not_confirmed(line: Line) -> None:
    line.voice.started(0.1)
    line.clock.advance(0.09)
    line.voice.stopped()
    line.clock.advance(60)
    assert line.sent == []
    assert not line.voice.speaking


def test_a_voice_that_has_lasted_already_is_confirmed_at_once(line: Line) -> None:
    line.voice.started(-0.5)
    line.clock.advance(0)
    assert line.sent == [(0.0, VoiceConfirmed())]


def test_a_voice_that_interrupts_nobody_needs_no_confirmation(line: Line) -> None:
    line.voice.started(None)
    line.clock.advance(60)
    assert line.sent == []
    assert line.voice.speaking


def test_once_there_is_nothing_to_interrupt_nothing_is_confirmed(line: Line) -> None:
    line.voice.started(0.1)
    line.voice.stop_confirming()
    line.clock.advance(60)
    assert line.sent == []


def test_the_line_is_silent_after_the_patience(line: Line) -> None:
    line.voice.await_speech()
    line.clock.advance(60)
    assert line.sent == [(8.0, LineSilent())]


def test_waiting_again_counts_anew_and_only_once(line: Line) -> None:
    line.voice.await_speech()
    line.clock.advance(5)
    line.voice.await_speech()
    line.clock.advance(60)
    assert line.sent == [(13.0, LineSilent())]


def test_a_voice_ends_the_waiting(line: Line) -> None:
    line.voice.await_speech()
    line.voice.started(None)
    line.clock.advance(60)
    assert line.sent == []


def test_nobody_waits_for_a_caller_who_is_speaking(line: Line) -> None:
    line.voice.started(None)
    line.voice.await_speech()
    line.clock.advance(60)
    assert line.sent == []


def test_stopping_twice_is_harmless(line: Line) -> None:
    line.voice.await_speech()
    line.voice.stop_waiting()
    line.voice.stop_waiting()
    line.voice.stop_confirming()
    assert line.clock.pending == 0
