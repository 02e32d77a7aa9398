"""Whether the recogniser still answers: voice without a sign is deafness, music is patience."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.liveness import (
    MAX_PATIENCE_S,
    MIN_VOICED_FRAMES,
    PAUSE_S,
    SPURT_MAX_S,
    SPURT_MIN_S,
    Liveness,
)

pytestmark = pytest.mark.unit

PATIENCE_S = 1.8
FORGET_AFTER_S = 15.0
T = 100.0


class Ear(Liveness):
    """A `Liveness` that is told of voice as the border tells it: by the total of frames."""

    def __init__(self) -> None:
        super().__init__(PATIENCE_S, FORGET_AFTER_S)
        self.total = 0

    def voice(self, at: float, frames: int = MIN_VOICED_FRAMES) -> None:
        self.total += frames
        self.voice_heard(self.total, at)


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_without_voice_there_is_nothing_to_look_at(ear: Ear) -> None:
    assert ear.due_at is None
    assert not ear.is_deaf(1e9)


def test_voice_without_a_sign_is_deafness_when_the_patience_is_over(ear: Ear) -> None:
    ear.voice(T)
    assert ear.due_at == T + PATIENCE_S
    assert not ear.is_deaf(T + PATIENCE_S - 0.002)
    assert ear.is_deaf(T + PATIENCE_S)


def test_the_patience_counts_from_the_first_unanswered_voice(ear: Ear) -> None:
    for beat in range(10):
        ear.voice(T + beat * 0.1, frames=5)
    assert ear.due_at == T + PATIENCE_S


@pytest.mark.parametrize(("frames", "deaf"), [(MIN_VOICED_FRAMES - 1, 0), (MIN_VOICED_FRAMES, 1)])
def test_a_cough_needs_no_answer(ear: Ear, frames: int, deaf: int) -> None:
    ear.voice(T, frames)
    assert ear.is_deaf(T + PATIENCE_S) is bool(deaf)
    assert (ear.due_at is None) is not bool(deaf)


def test_coughs_that_were_forgotten_do_not_add_up(ear: Ear) -> None:
    for second in range(0, 60, 5):
        ear.voice(T + second, frames=5)
        assert not ear.is_deaf(T + second + PATIENCE_S)


@pytest.mark.parametrize("sign", ["alive", "progressed"])
def test_a_sign_of_life_answers_everything_so_far(ear: Ear, sign: str) -> None:
    ear.voice(T, frames=500)
    getattr(ear, sign)()
    assert ear.due_at is None
    ear.voice(T + 1, frames=MIN_VOICED_FRAMES - 1)
    assert not ear.is_deaf(T + 10)
    ear.voice(T + 20)
    assert ear.is_deaf(T + 20 + PATIENCE_S)


def test_a_new_stream_has_its_time_from_its_opening(ear: Ear) -> None:
    ear.voice(T)
    ear.began_anew(T + 1.0)
    assert ear.due_at == T + 1.0 + PATIENCE_S


def test_a_new_stream_with_nothing_to_answer_is_not_watched(ear: Ear) -> None:
    ear.began_anew(T)
    assert ear.due_at is None


@pytest.mark.parametrize(("ago_s", "deaf"), [(FORGET_AFTER_S, 1), (FORGET_AFTER_S + 0.001, 0)])
def test_voice_that_no_new_stream_would_hear_is_forgotten(
    ear: Ear, ago_s: float, deaf: int
) -> None:
    ear.voice(T)
    assert ear.is_deaf(T + ago_s) is bool(deaf)
    assert (ear.due_at is None) is not bool(deaf)


def test_every_deafness_doubles_the_patience_up_to_a_minute(ear: Ear) -> None:
    patiences, now = list[float](), T
    for _ in range(8):
        ear.voice(now)
        assert ear.due_at is not None
        patiences.append(ear.due_at - now)
        now = ear.due_at
        ear.declared(now)
    assert patiences == pytest.approx([1.8, 3.6, 7.2, 14.4, 28.8, 57.6, 60.0, 60.0])
    assert MAX_PATIENCE_S == 60.0
    assert ear.deaf_in_a_row == 8


def test_after_deafness_the_voice_is_still_unanswered(ear: Ear) -> None:
    ear.voice(T)
    ear.declared(T + 2)
    assert ear.due_at == T + 2 + 2 * PATIENCE_S
    assert ear.is_deaf(T + 2 + 2 * PATIENCE_S)


def test_a_sign_of_life_alone_does_not_shorten_the_patience_again(ear: Ear) -> None:
    ear.voice(T)
    ear.declared(T)
    ear.alive()
    ear.voice(T + 10)
    assert ear.due_at == T + 10 + 2 * PATIENCE_S
    assert ear.deaf_in_a_row == 1


def test_a_real_result_makes_it_as_impatient_as_at_first(ear: Ear) -> None:
    for _ in range(5):
        ear.voice(T)
        ear.declared(T)
    ear.progressed()
    assert ear.deaf_in_a_row == 0
    ear.voice(T + 10)
    assert ear.due_at == T + 10 + PATIENCE_S


# --- speech or music ------------------------------------------------------------------


def test_voice_without_a_gap_may_be_music(ear: Ear) -> None:
    for beat in range(80):
        ear.voice(T + beat * 0.1, 5)
    assert not ear.was_speech(T + 7.9)


@pytest.mark.parametrize(("gap_s", "speech"), [(PAUSE_S - 0.01, 0), (PAUSE_S + 0.01, 1)])
def test_a_gap_makes_it_speech(ear: Ear, gap_s: float, speech: int) -> None:
    ear.voice(T)
    ear.voice(T + gap_s)
    assert ear.was_speech(T + gap_s) is bool(speech)


@pytest.mark.parametrize(("lasts_s", "speech"), [(SPURT_MIN_S + 0.01, 1), (SPURT_MIN_S - 0.01, 0)])
def test_one_utterance_that_is_over_was_speech_and_a_bang_was_not(
    ear: Ear, lasts_s: float, speech: int
) -> None:
    ear.voice(T)
    ear.voice(T + lasts_s)
    assert ear.was_speech(T + lasts_s + PAUSE_S + 0.01) is bool(speech)


def test_music_that_is_over_was_no_speech(ear: Ear) -> None:
    for beat in range(int(SPURT_MAX_S * 2) + 1):
        ear.voice(T + beat * 0.5)
    assert not ear.was_speech(T + SPURT_MAX_S + 5)


def test_a_gap_after_an_answer_is_no_gap_within_what_is_unanswered(ear: Ear) -> None:
    ear.voice(T)
    ear.alive()
    ear.voice(T + 1)
    assert not ear.was_speech(T + 1)


def test_a_gap_across_a_deafness_counts(ear: Ear) -> None:
    ear.voice(T)
    ear.declared(T + PATIENCE_S)
    ear.voice(T + 3)
    assert ear.was_speech(T + 3)


def test_a_result_forgets_the_gaps(ear: Ear) -> None:
    ear.voice(T)
    ear.voice(T + 1)
    ear.progressed()
    ear.voice(T + 2)
    assert not ear.was_speech(T + 2)


# --- half a sign ----------------------------------------------------------------------


def test_a_voice_that_was_only_noticed_is_owed_more(ear: Ear) -> None:
    ear.voice(T)
    ear.noticed(T + 0.5)
    assert ear.due_at == T + 0.5 + PATIENCE_S
    assert ear.is_deaf(T + 0.5 + PATIENCE_S)


def test_noticing_what_was_answered_owes_nothing(ear: Ear) -> None:
    ear.voice(T)
    ear.alive()
    ear.noticed(T + 0.5)
    assert ear.due_at is None


def test_a_new_stream_has_to_react_to_what_no_final_has_covered(ear: Ear) -> None:
    ear.voice(T)
    ear.progressed()  # a partial
    assert ear.due_at is None
    ear.began_anew(T + 1)
    assert ear.is_deaf(T + 1 + PATIENCE_S)


def test_a_new_stream_owes_nothing_for_what_is_finished(ear: Ear) -> None:
    ear.voice(T)
    ear.progressed()
    ear.settled(0, T + 0.5)
    ear.began_anew(T + 1)
    assert ear.due_at is None


def test_a_final_does_not_answer_for_the_voice_behind_its_end(ear: Ear) -> None:
    ear.voice(T)
    ear.voice(T + 1, frames=20)
    ear.progressed()
    ear.settled(20, T + 1)
    assert ear.is_deaf(T + 1 + PATIENCE_S)


def test_a_breath_behind_a_final_is_owed_nothing(ear: Ear) -> None:
    ear.voice(T)
    ear.progressed()
    ear.settled(MIN_VOICED_FRAMES - 1, T + 1)
    assert ear.due_at is None


# --- invariants -----------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["voice", "alive", "progressed", "settled", "noticed", "opened", "look"]),
        st.floats(0.0, 5.0),
        st.integers(1, 30),
    ),
    max_size=50,
)


@settings(derandomize=True, database=None)
@given(STEPS)
def test_deafness_is_only_ever_said_of_voice_that_nothing_answered(
    steps: list[tuple[str, float, int]],
) -> None:
    ear, now, frames, unsettled, voice_at = Ear(), 0.0, 0, 0, 0.0
    """Frames since the last sign of life, and since the last final; when the newest came."""
    for step, wait_s, count in steps:
        now += wait_s
        match step:
            case "voice":
                ear.voice(now, count)
                frames, unsettled, voice_at = frames + count, unsettled + count, now
            case "noticed":
                ear.noticed(now)
            case "settled":
                ear.settled(0, now)
                unsettled = 0
            case "opened":
                ear.began_anew(now)
                if frames or now - voice_at <= FORGET_AFTER_S:
                    frames = max(frames, unsettled)
            case "look":
                if ear.is_deaf(now):
                    assert frames >= MIN_VOICED_FRAMES
                    assert now - voice_at <= FORGET_AFTER_S
                    ear.declared(now)
                elif ear.due_at is None:
                    frames = 0
            case sign:
                getattr(ear, sign)()
                frames = 0
        assert (ear.due_at is None) == (frames == 0)


@settings(derandomize=True, database=None)
@given(st.lists(st.floats(0.02, 0.5), min_size=100, max_size=200))
def test_speech_that_nothing_answers_is_always_found_deaf_in_time(gaps_s: list[float]) -> None:
    ear, now = Ear(), 0.0
    for gap_s in gaps_s:
        now += gap_s
        ear.voice(now, frames=5)
        if ear.is_deaf(now):
            break
    assert ear.due_at is not None
    assert now <= gaps_s[0] + PATIENCE_S + max(gaps_s)
