"""Speech that waits for TX: whole frames out, bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.speech_buffer import SpeechBuffer
from media.frame import FRAME_BYTES, SILENCE_BYTE

pytestmark = pytest.mark.unit


def test_only_whole_frames_can_be_taken() -> None:
    buffer = SpeechBuffer(10)
    assert buffer.append(b"a" * (FRAME_BYTES - 1))
    assert buffer.frames == 0
    assert buffer.append(b"b")
    assert buffer.frames == 1
    assert buffer.take() == b"a" * (FRAME_BYTES - 1) + b"b"
    assert buffer.frames == 0


def test_the_last_frame_is_filled_up_with_silence() -> None:
    buffer = SpeechBuffer(10)
    buffer.append(b"a")
    buffer.pad()
    assert buffer.take() == b"a" + bytes([SILENCE_BYTE]) * (FRAME_BYTES - 1)


def test_a_whole_last_frame_is_not_padded() -> None:
    buffer = SpeechBuffer(10)
    buffer.append(b"a" * FRAME_BYTES)
    buffer.pad()
    assert buffer.frames == 1


def test_what_does_not_fit_is_refused_and_the_beginning_is_kept() -> None:
    buffer = SpeechBuffer(2)
    assert buffer.append(b"a" * FRAME_BYTES)
    assert not buffer.append(b"b" * (FRAME_BYTES + 1))
    assert [buffer.take(), buffer.take()] == [b"a" * FRAME_BYTES, b"b" * FRAME_BYTES]


def test_what_was_taken_makes_room() -> None:
    buffer = SpeechBuffer(2)
    buffer.append(b"a" * 2 * FRAME_BYTES)
    buffer.take()
    assert buffer.append(b"b" * FRAME_BYTES)
    assert buffer.frames == 2


@settings(derandomize=True, deadline=None)
@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, 700)), max_size=50))
def test_out_comes_exactly_what_went_in_and_never_more_is_held_than_the_bound(
    steps: list[tuple[bool, int]],
) -> None:
    buffer, went_in, came_out, number = SpeechBuffer(6), b"", b"", 0
    for adds, size in steps:
        if adds:
            audio = bytes((number + index) % 251 for index in range(size))
            number += size
            room = 6 * FRAME_BYTES - (len(went_in) - len(came_out))
            assert buffer.append(audio) == (size <= room)
            went_in += audio[:room]
        elif buffer.frames:
            came_out += buffer.take()
        assert buffer.frames == (len(went_in) - len(came_out)) // FRAME_BYTES <= 6
    while buffer.frames:
        came_out += buffer.take()
    assert went_in.startswith(came_out)
    assert len(went_in) - len(came_out) < FRAME_BYTES
