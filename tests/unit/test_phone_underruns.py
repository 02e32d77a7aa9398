"""An empty buffer in the middle of a reply is an underrun; at its end it is not."""

import numpy as np
import pytest

from media import g711
from media.frame import FRAME_BYTES, FRAME_S, SILENCE_FRAME
from phone.playout import Playout

pytestmark = pytest.mark.unit

_RAMP = np.arange(FRAME_BYTES) * 2 * np.pi * 400 / 8000
VOICE = g711.encode((np.sin(_RAMP) * 8000).astype(np.int16))


def _play(playout: Playout, at: float, payload: bytes = VOICE, frames: int = 5) -> float:
    for _ in range(frames):
        playout.push(payload, at)
    return at + frames * FRAME_S


def test_a_gap_inside_a_talk_spurt_is_an_audible_underrun() -> None:
    playout = Playout(0.0)
    end = _play(playout, 0.0)
    _play(playout, end + 0.050)
    assert playout.underruns.count == 1
    assert playout.underruns.audible == 1
    assert playout.underruns.kept[0].gap_ms == pytest.approx(50.0)
    assert playout.underruns.kept[0].at_s == pytest.approx(0.100)


def test_seamless_audio_has_no_underrun() -> None:
    playout = Playout(0.0)
    _play(playout, _play(playout, 0.0))
    assert playout.underruns.count == 0


def test_a_short_gap_or_one_in_silence_is_not_audible() -> None:
    playout = Playout(0.0)
    end = _play(playout, 0.0)
    end = _play(playout, end + 0.020)
    end = _play(playout, end, SILENCE_FRAME)
    _play(playout, end + 0.100)
    assert (playout.underruns.count, playout.underruns.audible) == (2, 0)


def test_more_than_half_a_second_is_a_new_talk_spurt() -> None:
    playout = Playout(0.0)
    _play(playout, _play(playout, 0.0) + 0.6)
    assert playout.underruns.count == 0


@pytest.mark.parametrize("mark_after_s", [-0.05, 0.05])
def test_a_mark_after_the_last_audio_ends_the_reply(mark_after_s: float) -> None:
    playout = Playout(0.0)
    end = _play(playout, 0.0)
    playout.mark("end#1", end + mark_after_s)
    _play(playout, end + 0.2)
    playout.mark("end#2", end + 0.3)
    assert playout.underruns.count == 0


def test_a_gap_after_a_mark_inside_one_playback_is_an_underrun_after_all() -> None:
    playout = Playout(0.0)
    end = _play(playout, 0.0)
    playout.mark("middle#1", end - 0.01)
    _play(playout, end + 0.1)
    assert playout.underruns.count == 0
    playout.mark("end#1", end + 0.1)
    assert playout.underruns.count == 1


def test_a_clear_excuses_the_empty_buffer() -> None:
    playout = Playout(0.0)
    end = _play(playout, 0.0)
    playout.clear(end - 0.01)
    _play(playout, end + 0.1)
    end = end + 0.2
    playout.due_marks(end + 0.05)
    playout.clear(end + 0.05)
    _play(playout, end + 0.2)
    assert playout.underruns.count == 0
