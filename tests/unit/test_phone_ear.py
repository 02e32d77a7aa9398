"""Who speaks when, how soon the agent answers, how loud it is."""

import math

import numpy as np
import pytest

from media import g711
from media.frame import FRAME_BYTES, SAMPLE_RATE_HZ, SILENCE_FRAME
from phone.ear import Ear
from phone.loudness import Loudness, voiced_range

pytestmark = pytest.mark.unit


def _tone(samples: int, amplitude: float = 8000.0) -> bytes:
    phase = np.arange(samples) * 2 * np.pi * 400 / SAMPLE_RATE_HZ
    return g711.encode((np.cos(phase) * amplitude).astype(np.int16))


def _say(ear: Ear, from_s: float, to_s: float) -> None:
    for start in range(int(from_s * 8000), int(to_s * 8000), FRAME_BYTES):
        ear.caller_sent(_tone(FRAME_BYTES), start + FRAME_BYTES)


def _answer(ear: Ear, from_s: float, to_s: float) -> None:
    for start in range(int(from_s * 8000), int(to_s * 8000), FRAME_BYTES):
        ear.agent_played(start, _tone(FRAME_BYTES))


def test_silence_and_hiss_are_no_voice() -> None:
    assert voiced_range(SILENCE_FRAME) is None
    assert voiced_range(b"") is None
    assert voiced_range(_tone(FRAME_BYTES, amplitude=80)) is None


def test_voice_begins_at_its_first_loud_sample() -> None:
    assert voiced_range(b"\xff" * 100 + _tone(60)) == (100, 160)


def test_latency_is_from_the_last_voiced_sample_to_the_first_audible_one() -> None:
    ear = Ear()
    _say(ear, 1.0, 2.0)
    ear.agent_played(int(2.5 * 8000), b"\xff" * 40 + _tone(120))
    (turn,) = ear.turns()
    assert turn.latency_ms == pytest.approx(505.0, abs=1.0)
    assert ear.answer_after(ear.caller.last_end) == pytest.approx(0.505, abs=0.001)


def test_a_greeting_answers_nobody() -> None:
    ear = Ear()
    _answer(ear, 0.5, 2.0)
    (turn,) = ear.turns()
    assert turn.latency_ms is None
    assert turn.agent_duration_s == pytest.approx(1.5, abs=0.01)


def test_a_pause_for_breath_does_not_end_an_answer_and_a_long_one_does() -> None:
    ear = Ear()
    _answer(ear, 0.0, 1.0)
    _answer(ear, 1.5, 2.0)
    _answer(ear, 2.7, 3.0)
    ends_s = [round(span.end / SAMPLE_RATE_HZ, 1) for span in ear.agent.spans]
    assert ends_s == [2.0, 3.0]


def test_only_the_first_answer_has_a_latency() -> None:
    ear = Ear()
    _answer(ear, 0.0, 1.0)
    _say(ear, 2.0, 3.0)
    _answer(ear, 3.5, 4.0)
    _answer(ear, 6.0, 7.0)
    latencies = [turn.latency_ms for turn in ear.turns()]
    assert latencies[0] is None
    assert latencies[1] == pytest.approx(500, abs=2)
    assert latencies[2] is None


def test_an_answer_counts_from_the_end_of_the_last_of_two_sentences() -> None:
    ear = Ear()
    _say(ear, 1.0, 2.0)
    _say(ear, 3.0, 4.0)
    _answer(ear, 4.3, 5.0)
    assert [turn.latency_ms for turn in ear.turns()] == [pytest.approx(300, abs=2)]


def test_a_clear_ends_the_span_and_what_follows_is_a_new_one() -> None:
    ear = Ear()
    _answer(ear, 0.0, 1.0)
    ear.agent_cut(8000)
    _answer(ear, 1.2, 2.0)
    assert [span.cut for span in ear.agent.spans] == [True, False]


def test_levels_are_those_of_the_voice_not_of_the_pauses() -> None:
    loudness = Loudness()
    for _ in range(50):
        loudness.add(_tone(FRAME_BYTES))
        loudness.add(SILENCE_FRAME)
    assert loudness.rms_dbov == pytest.approx(20 * math.log10(8000 / math.sqrt(2) / 32768), abs=0.2)
    assert loudness.peak_dbov == pytest.approx(20 * math.log10(8000 / 32768), abs=0.3)
    assert loudness.clipped_samples == 0


def test_samples_of_the_outermost_code_are_clipped() -> None:
    loudness = Loudness()
    loudness.add(b"\x00\x80" * 30 + _tone(100))
    assert loudness.clipped_samples == 60


def test_silence_has_no_level() -> None:
    assert Loudness().as_json() == {"rms_dbov": None, "peak_dbov": None, "clipped_samples": 0}
