"""What the caller sends when: the grid, and what a bad network makes of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_BYTES, FRAME_MS, FRAME_S, SILENCE_FRAME
from phone.errors import PhoneError
from phone.microphone import MAX_HELD_FRAMES, MAX_SPEECH_BYTES, CallerFrame, Microphone, Network

pytestmark = pytest.mark.unit


def _run(
    microphone: Microphone, until_s: float, step_s: float = 0.001
) -> list[tuple[float, CallerFrame]]:
    sent: list[tuple[float, CallerFrame]] = []
    for step in range(round(until_s / step_s) + 1):
        now = step * step_s
        microphone.capture(now)
        sent += [(now, frame) for frame in microphone.release(now)]
    return sent


def test_fifty_frames_a_second_leave_on_an_absolute_grid() -> None:
    sent = _run(Microphone(0.0), 1.0)
    assert [round(at * 1000) for at, _ in sent] == list(range(20, 1001, 20))
    assert [frame.timestamp_ms for _, frame in sent] == list(range(0, 1000, 20))
    assert {frame.payload for _, frame in sent} == {SILENCE_FRAME}


def test_frames_missed_by_a_late_tick_all_leave_at_once() -> None:
    microphone = Microphone(0.0)
    assert microphone.next_at == pytest.approx(FRAME_S)
    assert len(microphone.capture(0.105)) == 5 * FRAME_BYTES
    assert len(microphone.release(0.105)) == 5
    assert microphone.next_at == pytest.approx(0.120)


def test_speech_is_cut_into_frames_and_filled_up_with_silence() -> None:
    microphone = Microphone(0.0)
    microphone.say(b"\x01" * 200)
    assert microphone.speaking
    assert microphone.capture(0.040) == b"\x01" * 200 + b"\xff" * 120
    microphone.release(0.040)
    assert not microphone.speaking


def test_a_silent_carrier_sends_nothing_and_leaves_a_hole_in_the_timestamps() -> None:
    microphone = Microphone(0.0, sends_silence=False)
    sent = _run(microphone, 0.5)
    microphone.say(b"\x01" * FRAME_BYTES)
    microphone.capture(0.52)
    sent += [(0.52, frame) for frame in microphone.release(0.52)]
    assert [frame.timestamp_ms for _, frame in sent] == [500]


def test_mute_sends_no_media_and_is_silent_in_the_recording() -> None:
    microphone = Microphone(0.0)
    microphone.muted = True
    microphone.say(b"\x01" * FRAME_BYTES)
    assert microphone.capture(0.02) == SILENCE_FRAME
    assert microphone.release(0.02) == []
    microphone.muted = False
    microphone.capture(0.04)
    assert [frame.timestamp_ms for frame in microphone.release(0.04)] == [FRAME_MS]


def test_a_burst_holds_frames_back_and_sends_them_at_once() -> None:
    sent = _run(Microphone(0.0, Network(burst_every_s=1.0, burst_ms=200)), 2.0)
    at_1200 = [frame for at, frame in sent if round(at * 1000) == 1200]
    assert len(at_1200) == 11
    assert not [at for at, _ in sent if 1.0 <= at < 1.199]
    assert [frame.timestamp_ms for _, frame in sent] == list(range(0, len(sent) * 20, 20))


def test_a_stall_ends_in_a_burst_and_loses_nothing() -> None:
    microphone = Microphone(0.0)
    microphone.stall(0.5)
    sent = _run(microphone, 1.0)
    assert min(at for at, _ in sent) == pytest.approx(0.5)
    assert len(sent) == 50


def test_speech_counts_as_spoken_only_once_it_was_sent() -> None:
    microphone = Microphone(0.0)
    microphone.stall(1.0)
    microphone.say(b"\x01" * FRAME_BYTES)
    microphone.capture(0.5)
    assert microphone.release(0.5) == []
    assert microphone.speaking
    microphone.release(1.0)
    assert not microphone.speaking


def test_what_is_held_back_is_bounded_and_the_oldest_is_lost() -> None:
    microphone = Microphone(0.0)
    microphone.stall(1000.0)
    microphone.capture(20.0)
    assert microphone.lost_frames == 1000 - MAX_HELD_FRAMES
    assert len(microphone.release(1000.0)) == MAX_HELD_FRAMES


def test_lost_frames_leave_holes_and_are_counted() -> None:
    microphone = Microphone(0.0, Network(loss=0.5))
    sent = _run(microphone, 4.0, 0.02)
    assert len(sent) + microphone.lost_frames == 200
    assert 50 < len(sent) < 150


def test_too_much_speech_is_refused() -> None:
    microphone = Microphone(0.0)
    microphone.say(bytes(MAX_SPEECH_BYTES))
    with pytest.raises(PhoneError, match="10 minutes"):
        microphone.say(b"\x00")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    jitter_ms=st.floats(0, 300),
    burst_every_s=st.floats(0.3, 1.0),
    burst_ms=st.floats(0, 300),
    seed=st.integers(0, 1000),
)
def test_no_network_reorders_duplicates_or_invents_frames(
    jitter_ms: float, burst_every_s: float, burst_ms: float, seed: int
) -> None:
    network = Network(jitter_ms, burst_every_s, burst_ms, seed=seed)
    sent = _run(Microphone(0.0, network), 3.0, 0.005)
    stamps = [frame.timestamp_ms for _, frame in sent]
    assert stamps == list(range(0, len(stamps) * 20, 20))
    assert all(at * 1000 + 1e-6 >= frame.timestamp_ms + FRAME_MS for at, frame in sent)
    assert len(sent) >= 150 - 16
