"""The codec against the formula, by every code and every sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import g711

pytestmark = pytest.mark.unit

ALL_CODES = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768).astype(np.int16)
NEGATIVE_ZERO = 0x7F


def pcm(*samples: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.array(samples, np.int16)


def test_every_code_survives_a_round_trip_and_the_second_zero_becomes_the_first() -> None:
    expected = ALL_CODES.replace(bytes([NEGATIVE_ZERO]), b"\xff")
    assert g711.encode(g711.decode(ALL_CODES)) == expected


def test_known_codes_decode_to_the_samples_of_the_standard() -> None:
    # The ends of ITU-T G.711 table 2 (8159 is decoded as 8031), on 16 bits: times 4.
    assert g711.decode(b"\x00\x80\xff\x7f\xfe\x7e").tolist() == [-32124, 32124, 0, 0, 8, -8]


def test_the_quick_way_gives_the_same_samples() -> None:
    assert g711.decode_bytes(ALL_CODES) == g711.decode(ALL_CODES).tobytes()
    assert g711.decode_bytes(b"") == b""


def test_samples_grow_with_their_codes_on_both_sides() -> None:
    samples = g711.decode(ALL_CODES).astype(int)
    assert (np.diff(samples[:0x80]) > 0).all()
    assert (np.diff(samples[0x80:]) < 0).all()


def test_loud_samples_clip_instead_of_wrapping() -> None:
    assert g711.encode(pcm(32767, 32635, -32768, -32635)) == b"\x80\x80\x00\x00"


def test_silence_is_one_byte() -> None:
    assert g711.encode(pcm(0, 1, 3)) == b"\xff\xff\xff"


def test_empty_audio_stays_empty() -> None:
    assert g711.decode(b"").size == 0
    assert g711.encode(pcm()) == b""


def test_other_sample_types_are_refused() -> None:
    with pytest.raises(TypeError, match="expected int16 samples, got float64"):
        g711.encode(np.zeros(4))  # type: ignore[arg-type]  # that is the point


def test_a_strided_view_encodes_like_its_copy() -> None:
    samples = np.arange(-3000, 3000, 7, dtype=np.int16)
    assert g711.encode(samples[::3]) == g711.encode(samples[::3].copy())


def test_every_sample_comes_back_within_half_a_step_of_its_segment() -> None:
    back = g711.decode(g711.encode(EVERY_SAMPLE)).astype(int)
    lifted = np.minimum(np.abs(EVERY_SAMPLE.astype(int)), 32635) + 132
    half_step = 4 << (np.floor(np.log2(lifted)).astype(int) - 7)
    clipped = np.clip(EVERY_SAMPLE.astype(int), -32635, 32635)
    assert (np.abs(back - clipped) <= half_step).all()


def test_a_louder_sample_never_decodes_quieter() -> None:
    assert (np.diff(g711.decode(g711.encode(EVERY_SAMPLE)).astype(int)) >= 0).all()


@given(st.binary(max_size=2000))
@settings(derandomize=True)
def test_what_was_encoded_once_never_changes_again(payload: bytes) -> None:
    once = g711.encode(g711.decode(payload))
    assert len(once) == len(payload)
    assert g711.encode(g711.decode(once)) == once


def test_rms_measures_the_samples() -> None:
    assert g711.rms(b"") == 0.0
    assert g711.rms(b"\xff" * 160) == 0.0
    assert g711.rms(b"\x00\x80" * 80) == 32124.0
