"""What hangs on the caller's voice: the patience with silence."""

from collections import deque

import pytest

from actors.agent_memory import AgentMemory
from actors.agent_messages import LineSilent
from actors.caller_voice import CallerVoice
from actors.clock import ManualClock, Timer
from actors.family import OutOfBand
from tests.support.engines import EchoBrain

pytestmark = pytest.mark.unit


class Line:
    """A voice on a manual clock that notes what its owner would be sent, and when."""

    def __init__(self) -> None:
        self.clock = ManualClock(start_at=0.0)
        self.memory = AgentMemory(EchoBrain(), deque())
        self.sent: list[tuple[float, OutOfBand]] = []
        self.voice = CallerVoice(self._after, self.memory, patience_s=8.0)

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        return self.clock.call_later(delay_s, lambda: self.sent.append((self.clock.now(), message)))


@pytest.fixture
def line() -> Line:
    return Line()


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
    line.voice.started()
    line.clock.advance(60)
    assert line.sent == []


def test_nobody_waits_for_a_caller_who_is_speaking(line: Line) -> None:
    line.voice.started()
    line.voice.await_speech()
    line.clock.advance(60)
    assert line.sent == []


def test_stopping_twice_is_harmless(line: Line) -> None:
    line.voice.await_speech()
    line.voice.stop_waiting()
    line.voice.stop_waiting()
    assert line.clock.pending == 0


def test_a_successor_knows_that_the_caller_is_speaking(line: Line) -> None:
    line.voice.started()
    successor = CallerVoice(line._after, line.memory, patience_s=8.0)
    successor.await_speech()
    line.clock.advance(60)
    assert line.sent == []
    successor.stopped(0.0)
    successor.await_speech()
    line.clock.advance(60)
    assert line.sent != []


def test_a_silence_that_was_noticed_as_the_caller_began_is_not_believed(line: Line) -> None:
    line.voice.await_speech()
    line.clock.advance(8.0)
    line.voice.started()
    assert not line.voice.waited_in_vain()


def test_a_silence_is_believed_once(line: Line) -> None:
    line.voice.await_speech()
    line.clock.advance(8.0)
    assert line.voice.waited_in_vain()
    assert not line.voice.waited_in_vain()
