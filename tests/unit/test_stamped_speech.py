"""Stamped speech: every frame known again, voice and quiet as the border hears them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.frame import FRAME_BYTES, SILENCE_FRAME
from media.voice_activity import WARM_UP_FRAMES, VoiceDetector, VoiceEdge
from phone.loudness import voiced_range
from tests.support.stamped_frame import Sound, Stamp, payload_of, stamp_of
from tests.support.stamped_speech import SpeechBuilder, make_speech
from tests.support.stamped_track import covered, listen, missing
from tests.support.stamped_words import word_text

pytestmark = pytest.mark.unit

stamps = st.builds(
    Stamp,
    call=st.integers(0, 65_535),
    index=st.integers(0, 2**32 - 1),
    sound=st.sampled_from(Sound),
    hebrew=st.booleans(),
    word=st.integers(0, 65_535),
    position=st.integers(0, 255),
    length=st.integers(0, 255),
    utterance=st.integers(0, 65_535),
)


@given(stamps)
def test_a_stamp_comes_back_out_of_its_frame(stamp: Stamp) -> None:
    payload = payload_of(stamp)
    assert len(payload) == FRAME_BYTES
    assert stamp_of(payload) == stamp


@given(stamps, st.integers(0, FRAME_BYTES * 8 - 1))
def test_one_changed_bit_anywhere_is_noticed(stamp: Stamp, bit: int) -> None:
    damaged = bytearray(payload_of(stamp))
    damaged[bit // 8] ^= 1 << bit % 8
    assert stamp_of(bytes(damaged)) is None


@pytest.mark.parametrize("payload", [SILENCE_FRAME, b"", b"\x5a" * 159, bytes(FRAME_BYTES)])
def test_what_nobody_stamped_has_no_stamp(payload: bytes) -> None:
    assert stamp_of(payload) is None


@pytest.mark.parametrize("hebrew", [False, True])
def test_the_border_hears_voice_in_words_and_quiet_in_pauses(*, hebrew: bool) -> None:
    speech = make_speech(11, utterances=8, hebrew=hebrew)
    detector = VoiceDetector()
    wrong = 0
    for payload, stamp in zip(speech.frames, speech.stamps, strict=True):
        detector.push(payload)
        wrong += detector.voiced != stamp.voiced
    assert wrong <= WARM_UP_FRAMES


def test_the_border_finds_every_utterance_and_nothing_else() -> None:
    speech = make_speech(3, utterances=8)
    detector = VoiceDetector()
    edges = [
        (index, edge)
        for index, payload in enumerate(speech.frames)
        if (edge := detector.push(payload))
    ]
    began = [index for index, edge in edges if edge is VoiceEdge.STARTED]
    stopped = [index for index, edge in edges if edge is VoiceEdge.STOPPED]
    assert len(began) == len(stopped) == 8
    for said, start, end in zip(speech.utterances, began, stopped, strict=True):
        assert 0 < start - said.start <= 2 + WARM_UP_FRAMES
        assert end - said.end <= 16


def test_the_phone_measures_the_same_voice() -> None:
    speech = make_speech(2)
    for payload, stamp in zip(speech.frames, speech.stamps, strict=True):
        assert (voiced_range(payload) is not None) == stamp.voiced


def test_music_is_voice_to_the_border_and_holds_no_word() -> None:
    speech = SpeechBuilder(1).pause(25).music(1500).build()
    detector = VoiceDetector()
    for payload in speech.frames:
        detector.push(payload)
    assert detector.voiced_frames > 1450
    assert listen(speech.frames).words == []


def test_the_same_arguments_make_the_same_bytes_and_another_seed_others() -> None:
    assert make_speech(4, seed=1).audio == make_speech(4, seed=1).audio
    assert make_speech(4, seed=1).audio != make_speech(4, seed=2).audio


def test_lengths_are_those_of_speech() -> None:
    speech = make_speech(9, utterances=20)
    for said in speech.utterances:
        assert all(12 <= word.end - word.start <= 18 for word in said.words)
        pairs = zip(said.words, said.words[1:], strict=False)
        assert all(1 <= after.start - before.end <= 3 for before, after in pairs)
    ends = zip(speech.utterances, speech.utterances[1:], strict=False)
    assert all(40 <= after.start - before.end <= 60 for before, after in ends)


@pytest.mark.parametrize("hebrew", [False, True])
def test_no_two_words_of_any_two_calls_are_alike(*, hebrew: bool) -> None:
    texts = [word_text(call, word, hebrew=hebrew) for call in range(50) for word in range(1000)]
    assert len(set(texts)) == len(texts)
    assert all(text.isalpha() for text in texts)


# --- what is known of what arrived ----------------------------------------------------

SPEECH = make_speech(5, utterances=1, words=(3, 3))
WORD = SPEECH.utterances[0].words[1]


def test_undisturbed_speech_is_one_range_and_all_words() -> None:
    track = listen(SPEECH.frames)
    assert track.in_order
    assert (track.call, track.ranges) == (5, [(0, len(SPEECH.frames))])
    assert tuple(track.words) == SPEECH.words


@pytest.mark.parametrize("index", [WORD.start, WORD.start + 5, WORD.end - 1])
def test_a_lost_frame_is_counted_and_its_word_is_not_heard(index: int) -> None:
    track = listen(SPEECH.frames[:index] + SPEECH.frames[index + 1 :])
    assert (track.lost, track.doubled, track.reordered) == (1, 0, 0)
    assert track.words == [SPEECH.words[0], SPEECH.words[2]]


def test_the_head_of_one_word_and_the_tail_of_another_are_no_word() -> None:
    first, second = SPEECH.utterances[0].words[:2]
    head = SPEECH.frames[first.start : first.start + 5]
    track = listen([*head, *SPEECH.frames[second.start + 5 : second.end]])
    assert track.words == []


def test_a_doubled_frame_is_counted_and_its_word_is_not_heard() -> None:
    at = WORD.start + 4
    track = listen([*SPEECH.frames[: at + 1], *SPEECH.frames[at:]])
    assert (track.lost, track.doubled, track.reordered) == (0, 1, 0)
    assert WORD.text not in track.words


def test_swapped_frames_are_counted_and_their_word_is_not_heard() -> None:
    frames = list(SPEECH.frames)
    at = WORD.start + 4
    frames[at], frames[at + 1] = frames[at + 1], frames[at]
    track = listen(frames)
    assert track.reordered == 1
    assert WORD.text not in track.words


def test_a_replay_hears_its_words_again() -> None:
    track = listen([*SPEECH.frames[: WORD.end], *SPEECH.frames[WORD.start :]])
    assert track.words == [SPEECH.words[0], WORD.text, WORD.text, SPEECH.words[2]]
    assert covered(track.ranges) == [(0, len(SPEECH.frames))]


def test_frames_of_another_call_make_no_word_here() -> None:
    other = make_speech(6, utterances=1)
    track = listen([*SPEECH.frames[:30], *other.frames, *SPEECH.frames[30:]])
    assert track.foreign == len(other.frames)
    assert not set(track.words) & set(other.words)


def test_made_silence_is_counted_apart() -> None:
    track = listen([SILENCE_FRAME, *SPEECH.frames, SILENCE_FRAME])
    assert (track.unstamped, track.stamped) == (2, len(SPEECH.frames))


def test_missing_counts_what_no_range_has() -> None:
    assert covered([(5, 8), (0, 3), (2, 4), (8, 9)]) == [(0, 4), (5, 9)]
    assert missing([(5, 8), (0, 3)], 0, 10) == 4
