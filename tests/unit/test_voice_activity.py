"""What counts as a voice, and when its edges come. All sounds are synthetic and fixed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from media import g711
from media.frame import FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ, SILENCE_FRAME
from media.voice_activity import MAX_SPAN_MS, WARM_UP_FRAMES, VoiceDetector, VoiceEdge

pytestmark = pytest.mark.unit

Sound = NDArray[np.float64]
Edge = tuple[VoiceEdge, int]


def silence(length_ms: int) -> Sound:
    return np.zeros(length_ms * SAMPLE_RATE_HZ // 1000)


def vowel(length_ms: int, level: float = 8000.0) -> Sound:
    """Make an "ah": a pulse train of 120 Hz through three formants."""
    sound = silence(length_ms)
    sound[:: SAMPLE_RATE_HZ // 120] = 1.0
    time = np.arange(400) / SAMPLE_RATE_HZ
    for formant_hz, width_hz in ((700, 90), (1200, 110), (2600, 160)):
        ring = np.exp(-np.pi * width_hz * time) * np.sin(2 * np.pi * formant_hz * time)
        sound = np.convolve(sound, ring)[: sound.size]
    return sound * (level / float(np.abs(sound).max()))


def noise(length_ms: int, rms: float) -> Sound:
    return np.random.default_rng(7).normal(0, rms, silence(length_ms).size)


def tone(length_ms: int, level: float) -> Sound:
    time = np.arange(silence(length_ms).size) / SAMPLE_RATE_HZ
    return level * np.sin(2 * np.pi * 1000 * time)


def frames(*sounds: Sound) -> list[bytes]:
    audio = g711.encode(np.concatenate(sounds).clip(-32768, 32767).astype(np.int16))
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def listen(detector: VoiceDetector, *sounds: Sound) -> list[Edge]:
    """Return the edges with the time in ms at which each was known."""
    edges = ((detector.push(frame), n) for n, frame in enumerate(frames(*sounds), 1))
    return [(edge, n * FRAME_MS) for edge, n in edges if edge is not None]


def warm() -> VoiceDetector:
    """Make a detector that knows its line."""
    detector = VoiceDetector()
    listen(detector, noise(WARM_UP_FRAMES * FRAME_MS, 400))
    listen(detector, silence(200))
    assert detector.voiced_frames == 0
    return detector


def test_a_voice_starts_after_its_onset_and_stops_after_the_hangover() -> None:
    edges = listen(warm(), silence(200), vowel(600), silence(600))
    assert edges == [(VoiceEdge.STARTED, 260), (VoiceEdge.STOPPED, 1120)]


def test_a_first_word_on_an_unknown_line_is_heard_later_by_the_warm_up_only() -> None:
    ((edge, at_ms), _) = listen(VoiceDetector(), vowel(600), silence(600))
    assert edge is VoiceEdge.STARTED
    assert at_ms == (WARM_UP_FRAMES + 3) * FRAME_MS


def test_a_shorter_hangover_stops_sooner() -> None:
    edges = listen(VoiceDetector(hangover_ms=180), vowel(600), silence(600))
    assert edges[-1] == (VoiceEdge.STOPPED, 780)


def test_a_pause_shorter_than_the_hangover_is_part_of_speech() -> None:
    edges = listen(warm(), vowel(300), silence(280), vowel(300), silence(400))
    assert edges == [(VoiceEdge.STARTED, 60), (VoiceEdge.STOPPED, 1200)]


def test_two_sentences_make_two_pairs_of_edges() -> None:
    edges = listen(warm(), *[vowel(400), silence(600)] * 2)
    assert [edge.value for edge, _ in edges] == ["started", "stopped"] * 2


def test_two_voiced_frames_are_too_short_to_start() -> None:
    detector = warm()
    assert listen(detector, vowel(40), silence(500)) == []
    assert detector.voiced_frames == 2


def test_one_lost_frame_does_not_delay_the_onset() -> None:
    edges = listen(warm(), vowel(40), silence(20), vowel(40), silence(20))
    assert edges == [(VoiceEdge.STARTED, 80)]


def test_scattered_frames_of_voice_do_not_start() -> None:
    assert listen(warm(), *[vowel(20), silence(40)] * 20) == []


def test_the_hangover_of_a_second_word_is_as_long_as_the_first() -> None:
    edges = listen(warm(), vowel(200), silence(400), vowel(60), silence(400))
    assert edges[2:] == [(VoiceEdge.STARTED, 660), (VoiceEdge.STOPPED, 980)]


def test_what_was_heard_before_the_stop_does_not_count_for_the_next_start() -> None:
    detector = VoiceDetector(hangover_ms=20)
    listen(detector, noise(200, 400), silence(100))
    edges = listen(detector, vowel(60), silence(20), vowel(20))
    assert edges == [(VoiceEdge.STARTED, 60), (VoiceEdge.STOPPED, 80)]


def test_flags_follow_the_frame_and_the_edges() -> None:
    detector = warm()
    listen(detector, vowel(200))
    assert (detector.voiced, detector.speaking, detector.voiced_frames) == (True, True, 10)
    listen(detector, silence(100))
    assert (detector.voiced, detector.speaking, detector.voiced_frames) == (False, True, 10)
    listen(detector, silence(300))
    assert (detector.voiced, detector.speaking) == (False, False)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(silence(3000), id="digital silence"),
        pytest.param(noise(3000, 30), id="comfort noise"),
        pytest.param(noise(3000, 150), id="line hiss"),
        pytest.param(tone(3000, 200), id="faint tone"),
        pytest.param(vowel(3000, 300), id="a voice in the next room"),
    ],
)
def test_what_is_below_the_floor_is_never_voice(sound: Sound) -> None:
    for detector in (VoiceDetector(), warm()):
        assert listen(detector, sound) == []
        assert detector.voiced_frames == 0


@pytest.mark.parametrize("rms", [200, 500, 1000])
@pytest.mark.parametrize("quiet_ms", [0, 1000])
def test_hiss_that_comes_with_the_call_does_not_cut_off_the_greeting(
    rms: float, quiet_ms: int
) -> None:
    detector = VoiceDetector()
    assert listen(detector, silence(quiet_ms), noise(3000, rms)) == []
    assert detector.voiced_frames == 0


def test_a_voice_is_found_in_noise() -> None:
    mixed = np.concatenate([silence(1000), vowel(600), silence(1000)])
    edges = listen(VoiceDetector(), mixed + noise(2600, 300))
    assert [edge for edge, _ in edges] == [VoiceEdge.STARTED, VoiceEdge.STOPPED]
    assert 1060 <= edges[0][1] <= 1120
    assert 1920 <= edges[1][1] <= 2040  # the hangover, and up to 100 ms of the model's own


def test_a_loud_tone_counts_as_voice_like_music_does() -> None:
    assert listen(warm(), tone(400, 8000)) == [(VoiceEdge.STARTED, 60)]


def test_a_click_is_not_a_voice() -> None:
    click = silence(1000)
    click[4000:4010] = 20_000
    assert listen(warm(), click) == []


@pytest.mark.parametrize("length", [0, 159, 161])
def test_anything_but_one_frame_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected 160 bytes, got {length}"):
        VoiceDetector().push(b"\xff" * length)


@pytest.mark.parametrize("span_ms", [0, -20, MAX_SPAN_MS + 1])
def test_senseless_spans_are_refused(span_ms: int) -> None:
    with pytest.raises(ValueError, match="onset_ms: expected 1 to 10000"):
        VoiceDetector(onset_ms=span_ms)
    with pytest.raises(ValueError, match="hangover_ms: expected 1 to 10000"):
        VoiceDetector(hangover_ms=span_ms)


@given(st.lists(st.sampled_from(["voice", "quiet"]), max_size=120), st.integers(1, 400))
@settings(derandomize=True, deadline=None)
def test_edges_alternate_and_agree_with_speaking(script: list[str], hangover_ms: int) -> None:
    detector = VoiceDetector(hangover_ms=hangover_ms)
    spoken = frames(vowel(20))[0]
    speaking = False
    for step in script:
        edge = detector.push(spoken if step == "voice" else SILENCE_FRAME)
        assert edge is not (VoiceEdge.STARTED if speaking else VoiceEdge.STOPPED)
        speaking = speaking if edge is None else edge is VoiceEdge.STARTED
        assert detector.speaking is speaking
