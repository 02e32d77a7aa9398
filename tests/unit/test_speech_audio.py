"""Resampling, shaping and cutting of speech audio."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import g711
from media.frame import SILENCE_FRAME
from speech.resampler import Resampler
from speech.speech_shaper import CEILING, KEEP_LEADING, SpeechShaper, limit
from speech.tone import tone
from speech.utterance_tracker import MAX_FRAMES, PREROLL_FRAMES, Began, Ended, UtteranceTracker

pytestmark = pytest.mark.unit


def sine(
    hz: float, rate_hz: int, seconds: float = 0.5
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.sin(2 * np.pi * hz * t).astype(np.float32)


def gain_db(hz: float, in_hz: int, out_hz: int) -> float:
    out = Resampler(in_hz, out_hz).push(sine(hz, in_hz))[300:]
    return float(20 * np.log10(np.std(out) * np.sqrt(2) + 1e-9))


@pytest.mark.parametrize("hz", [300, 1000, 3000])
def test_voice_band_passes_unchanged(hz: int) -> None:
    assert abs(gain_db(hz, 22_050, 8000)) < 0.1


@pytest.mark.parametrize("hz", [4000, 4400, 5000, 8000])
def test_what_would_fold_back_is_filtered_out(hz: int) -> None:
    assert gain_db(hz, 22_050, 8000) < -55


def test_going_up_leaves_no_mirror_image() -> None:
    out = Resampler(8000, 16_000).push(sine(1000, 8000))[300:]
    spectrum = np.abs(np.fft.rfft(out * np.hanning(len(out))))
    hz = np.fft.rfftfreq(len(out), 1 / 16_000)
    assert spectrum[hz > 4400].max() < spectrum.max() / 1000


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_chunking_does_not_change_the_result(sizes: list[int]) -> None:
    samples = np.random.default_rng(1).normal(0, 1, sum(sizes)).astype(np.float32)
    whole = Resampler(22_050, 8000).push(samples)
    resampler = Resampler(22_050, 8000)
    pieces = np.split(samples, np.cumsum(sizes)[:-1])
    parts = np.concatenate([resampler.push(piece) for piece in pieces])
    assert np.allclose(parts, whole, atol=1e-5)


def test_peaks_are_bent_below_the_ceiling_and_speech_is_untouched() -> None:
    samples = np.array([0, 1000, -15_000, 40_000, -90_000], dtype=np.float32)
    limited = limit(samples)
    assert list(limited[:3]) == [0, 1000, -15_000]
    assert np.abs(limited).max() <= CEILING


def shape(samples: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bytes:
    shaper = SpeechShaper(22_050, 1.0)
    chunks = [shaper.push(piece) for piece in np.array_split(samples, 20)]
    return b"".join(chunks) + shaper.flush()


def test_silence_around_speech_is_cut_and_inside_it_kept() -> None:
    loud = (sine(500, 22_050) * 8000).astype(np.int16)
    quiet = np.zeros(22_050, dtype=np.int16)
    audio = shape(np.concatenate((quiet, loud, quiet, loud, quiet)))
    heard = np.flatnonzero(np.abs(g711.decode(audio)) > 500)
    assert heard[0] <= KEEP_LEADING + 16
    assert 15_900 < len(audio) < 16_000 + 800
    assert len(audio) - heard[-1] < 640


def test_text_without_a_sound_is_no_audio() -> None:
    assert shape(np.zeros(9000, dtype=np.int16)) == b""


def track(audio: bytes) -> list[Began | Ended]:
    tracker = UtteranceTracker()
    edges = [tracker.push(audio[start : start + 160]) for start in range(0, len(audio), 160)]
    return [edge for edge in edges if edge is not None]


def test_utterance_begins_with_its_preroll_and_ends_where_the_voice_did() -> None:
    voice = tone("a" * 15)
    edges = track(SILENCE_FRAME * 50 + voice + SILENCE_FRAME * 40)
    began, ended = edges
    assert isinstance(began, Began)
    assert isinstance(ended, Ended)
    assert len(began.audio) == PREROLL_FRAMES * 160
    assert began.audio.startswith(SILENCE_FRAME)
    assert 1900 <= ended.end_ms <= 2060
    assert 800 <= ended.voiced_ms <= 1060


def test_endless_voice_is_cut_into_bounded_utterances_without_a_gap() -> None:
    tracker = UtteranceTracker()
    voice = tone("a") * 400
    covered = 0
    for start in range(0, len(voice), 160):
        match tracker.push(voice[start : start + 160]):
            case Began(audio):
                covered += len(audio) // 160
            case Ended():
                covered += 1
            case None:
                covered += tracker.speaking
    assert covered >= len(voice) // 160 - 1
    assert [type(edge) for edge in track(voice)] == [Began, Ended, Began]
    assert len(voice) // 160 < 2 * MAX_FRAMES


def test_flush_ends_what_is_under_way_only() -> None:
    tracker = UtteranceTracker()
    assert tracker.flush() is None
    voice = tone("aaaaa")
    for start in range(0, len(voice), 160):
        tracker.push(voice[start : start + 160])
    assert isinstance(tracker.flush(), Ended)
    assert tracker.flush() is None


def test_a_pause_inside_speech_is_not_digital_silence_but_far_below_speech() -> None:
    loud = (8000 * np.sin(np.arange(11_025) / 5)).astype(np.int16)
    pause = np.zeros(11_025, dtype=np.int16)
    shaper = SpeechShaper(22_050, 1.0)
    audio = shaper.push(np.concatenate((loud, pause, loud))) + shaper.flush()
    middle = audio[len(audio) // 2 - 800 : len(audio) // 2 + 800]
    assert b"\xff" * 80 not in middle
    assert 0 < g711.rms(middle) < 20
