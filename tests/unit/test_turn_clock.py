"""The latencies of a turn."""

import pytest

from actors.stats import TurnLatency
from actors.turn_clock import TurnClock

pytestmark = pytest.mark.unit


def rounded(latency: TurnLatency | None) -> tuple[float | None, ...] | None:
    if latency is None:
        return None
    parts = (latency.partial_s, latency.final_s, latency.total_s)
    return tuple(None if part is None else round(part, 6) for part in parts)


def test_a_turn_is_measured_from_voice_to_the_first_frame_of_the_answer() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.partial(10.4)
    turn.partial(10.9)
    turn.voice_ended_at = 11.0
    turn.answered_by(7, 11.25)
    assert rounded(turn.started(7, 11.6)) == (0.4, 0.25, 0.6)


def test_a_playback_is_measured_once_and_another_one_not_at_all() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.voice_ended_at = 11.0
    turn.answered_by(7, 11.25)
    assert turn.started(6, 11.5) is None
    assert turn.started(7, 11.6) is not None
    assert turn.started(7, 11.7) is None


def test_a_greeting_answers_nobody() -> None:
    assert TurnClock().started(1, 5.0) is None


def test_what_did_not_happen_is_none_and_the_final_stands_in_for_the_end() -> None:
    turn = TurnClock()
    turn.answered_by(7, 11.25)
    assert rounded(turn.started(7, 11.5)) == (None, None, 0.25)


def test_a_final_before_the_end_of_the_voice_took_no_time() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.answered_by(7, 11.0)
    turn.voice_ended_at = 11.1
    assert rounded(turn.started(7, 11.3)) == (None, 0.0, 0.2)


def test_a_pause_within_an_utterance_does_not_begin_it_anew() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.partial(10.5)
    turn.voice_ended_at = 10.8
    turn.voice_started(11.0)
    turn.voice_ended_at = 12.0
    turn.answered_by(7, 12.2)
    assert rounded(turn.started(7, 12.5)) == (0.5, 0.2, 0.5)


def test_an_end_before_the_voice_went_on_is_not_the_end() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.voice_ended_at = 10.5
    turn.voice_started(11.0)
    turn.answered_by(7, 12.2)
    assert rounded(turn.started(7, 12.5)) == (None, None, 0.3)


def test_speech_after_a_final_is_the_next_turn() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.partial(10.3)
    turn.voice_ended_at = 11.0
    turn.answered_by(7, 11.2)
    turn.voice_started(11.3)
    assert turn.started(7, 11.4) is None
    turn.partial(11.5)
    turn.voice_ended_at = 12.0
    turn.answered_by(8, 12.1)
    assert rounded(turn.started(8, 12.4)) == (0.2, 0.1, 0.4)


def test_a_partial_after_the_final_is_not_counted() -> None:
    turn = TurnClock()
    turn.voice_started(10.0)
    turn.voice_ended_at = 11.0
    turn.answered_by(7, 11.2)
    turn.partial(11.25)
    assert rounded(turn.started(7, 11.4)) == (None, 0.2, 0.4)


def test_a_cough_before_the_speech_is_not_its_beginning() -> None:
    turn = TurnClock()
    turn.voice_started(8.0)
    turn.voice_ended_at = 8.2
    turn.voice_started(10.0)
    turn.partial(10.4)
    turn.voice_ended_at = 11.0
    turn.answered_by(7, 11.1)
    assert rounded(turn.started(7, 11.3)) == (0.4, 0.1, 0.3)
