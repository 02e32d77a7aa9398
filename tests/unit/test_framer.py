"""Payloads of any size become frames, and not one byte is lost on the way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_BYTES, SILENCE_BYTE
from media.framer import Framer, TimedFrame

pytestmark = pytest.mark.unit


def audio(length: int, first: int = 0) -> bytes:
    """Make bytes that are all different from silence."""
    return bytes((first + at) % 251 for at in range(length))


def joined(frames: tuple[TimedFrame, ...]) -> bytes:
    return b"".join(frame for frame, _ in frames)


def test_a_whole_frame_passes_as_the_same_object() -> None:
    payload = audio(160)
    ((frame, at_ms),) = Framer().push(payload, 160)
    assert frame is payload
    assert at_ms == 160


def test_a_long_payload_becomes_frames_20_ms_apart() -> None:
    payload = audio(480)
    frames = Framer().push(payload, 1000)
    assert [at_ms for _, at_ms in frames] == [1000, 1020, 1040]
    assert joined(frames) == payload


def test_short_payloads_wait_for_each_other() -> None:
    framer = Framer()
    assert framer.push(audio(80), 0) == ()
    assert framer.held_bytes == 80
    assert framer.push(audio(80, 80), 10) == ((audio(160), 0),)
    assert framer.held_bytes == 0


def test_payloads_of_30_ms_keep_exact_time() -> None:
    framer = Framer()
    times = [at for n in range(4) for _, at in framer.push(audio(240), 5 + 30 * n)]
    assert times == [5, 25, 45, 65, 85, 105]


@pytest.mark.parametrize("next_ms", [51, 5000, 9, 0])
def test_a_rest_before_a_jump_is_padded_and_comes_first(next_ms: int) -> None:
    framer = Framer()
    framer.push(audio(240), 0)  # leaves 80 bytes that end at 30 ms
    frames = framer.push(audio(160, 9), next_ms)
    assert frames[0] == (audio(240)[160:] + bytes([SILENCE_BYTE]) * 80, 20)
    assert frames[1] == (audio(160, 9), next_ms)


@pytest.mark.parametrize("next_ms", [10, 50])
def test_a_jitter_of_one_frame_is_no_jump(next_ms: int) -> None:
    framer = Framer()
    frames = framer.push(audio(240), 0) + framer.push(audio(240), next_ms)
    assert joined(frames) == audio(240) + audio(240)


def test_an_empty_payload_changes_nothing() -> None:
    framer = Framer()
    framer.push(audio(100), 0)
    assert framer.push(b"", 90_000) == ()
    assert framer.held_bytes == 100


def test_flush_pads_the_rest_once() -> None:
    framer = Framer()
    framer.push(audio(161), 40)
    assert framer.flush() == ((audio(161)[160:] + bytes([SILENCE_BYTE]) * 159, 60),)
    assert framer.flush() == ()


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(0, 4000)), max_size=30))
@settings(derandomize=True)
def test_bytes_in_are_bytes_out_and_held_but_for_silence(pushes: list[tuple[int, int]]) -> None:
    framer = Framer()
    given_bytes = delivered = 0  # of `audio()`, in which nothing is silence
    for length, at_ms in pushes:
        frames = framer.push(audio(length), at_ms)
        given_bytes += length
        out = joined(frames)
        delivered += len(out) - out.count(SILENCE_BYTE)
        assert all(len(frame) == FRAME_BYTES for frame, _ in frames)
        assert given_bytes == delivered + framer.held_bytes
        assert framer.held_bytes < FRAME_BYTES


@given(st.lists(st.integers(1, 60), max_size=30))
@settings(derandomize=True)
def test_continuous_audio_comes_out_unchanged_and_on_the_grid(lengths_ms: list[int]) -> None:
    framer, at_ms, given_audio = Framer(), 0, b""
    frames: tuple[TimedFrame, ...] = ()
    for length_ms in lengths_ms:
        payload = audio(length_ms * 8, at_ms)
        frames += framer.push(payload, at_ms)
        given_audio += payload
        at_ms += length_ms
    assert [at for _, at in frames] == [20 * n for n in range(len(frames))]
    assert joined(frames + framer.flush())[: len(given_audio)] == given_audio
