"""When an utterance may count as finished before the recogniser says so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.turn_end import GROWING_FRAMES, STABLE, STRONG_CHARS, TurnEnd, is_strong

pytestmark = pytest.mark.unit

HANGOVER, TIMEOUT = 4, 10
WEAK = 0.1

SENTENCE = "I want to book."
assert len(SENTENCE) == STRONG_CHARS


def quiet_until_end(end: TurnEnd, most: int = 50) -> int | None:
    """Be quiet until the utterance counts as finished; after how many frames, if ever."""
    return next((n for n in range(1, most + 1) if end.frame(voiced=False)), None)


@pytest.fixture
def end() -> TurnEnd:
    return TurnEnd(HANGOVER, TIMEOUT)


# --- strong partials ------------------------------------------------------------------


@pytest.mark.parametrize("mark", [".", "?", "!"])
def test_a_sentence_of_more_than_fifteen_characters_is_strong(mark: str) -> None:
    assert is_strong("a" * STRONG_CHARS + mark)
    assert not is_strong("a" * (STRONG_CHARS - 1) + mark)


@pytest.mark.parametrize("text", ["", ".", "No.", "a" * 40, "a" * 40 + ",", "a. " + "b" * 40])
def test_what_is_short_or_goes_on_is_not_strong(text: str) -> None:
    assert not is_strong(text)


@pytest.mark.parametrize("invisible", ["\u200e", "\u200f", "\u061c", " ", "\t", "\u200f \u200f"])
def test_direction_marks_around_hebrew_neither_hide_its_end_nor_count_as_letters(
    invisible: str,
) -> None:
    assert is_strong(f"{invisible}אני רוצה להזמין שולחן.{invisible}")
    assert not is_strong(f"{invisible * 20}לא.{invisible * 20}")


def test_a_strong_partial_ends_the_utterance_at_once_even_while_the_voice_goes_on(
    end: TurnEnd,
) -> None:
    end.frame(voiced=True)
    assert end.partial(SENTENCE[:-1] + "s.", WEAK)
    assert not end.partial(SENTENCE, WEAK)


# --- quiet ----------------------------------------------------------------------------


def test_a_stable_partial_ends_it_after_the_hangover(end: TurnEnd) -> None:
    end.frame(voiced=True)
    assert not end.partial("two", STABLE)
    assert quiet_until_end(end) == HANGOVER


def test_a_partial_that_came_when_the_hangover_was_over_ends_it_with_the_next_frame(
    end: TurnEnd,
) -> None:
    end.frame(voiced=True)
    for _ in range(HANGOVER):
        assert not end.frame(voiced=False)
    end.partial("two", STABLE)
    assert quiet_until_end(end) == 1


def test_an_unstable_partial_ends_it_when_it_has_not_changed_for_the_hangover(
    end: TurnEnd,
) -> None:
    for _ in range(3):
        end.frame(voiced=False)
    end.partial("two", STABLE - 0.01)
    assert quiet_until_end(end) == HANGOVER


def test_one_that_keeps_changing_ends_it_after_the_timeout(end: TurnEnd) -> None:
    end.frame(voiced=True)
    ended: list[bool] = []
    for number in range(TIMEOUT):
        end.partial(f"two {number}", WEAK)
        ended.append(end.frame(voiced=False))
    still = min(HANGOVER, GROWING_FRAMES) - 1
    ended += [end.frame(voiced=False) for _ in range(still)]
    assert ended == [False] * (len(ended) - 1) + [True]


def test_the_same_partial_again_does_not_count_as_a_change(end: TurnEnd) -> None:
    end.frame(voiced=True)
    ended: list[bool] = []
    for _ in range(HANGOVER):
        end.partial("two", WEAK)
        ended.append(end.frame(voiced=False))
    assert ended == [False] * (HANGOVER - 1) + [True]


def test_a_partial_that_lost_its_stability_has_to_stay_unchanged_instead(end: TurnEnd) -> None:
    end.frame(voiced=True)
    end.partial("two", STABLE)
    for _ in range(HANGOVER - 1):
        end.frame(voiced=False)
    end.partial("three", WEAK)
    assert quiet_until_end(end) == HANGOVER


def test_a_voice_that_comes_back_within_the_hangover_starts_the_quiet_anew(end: TurnEnd) -> None:
    end.partial("two", STABLE)
    for _ in range(HANGOVER - 1):
        assert not end.frame(voiced=False)
    assert not end.frame(voiced=True)
    assert quiet_until_end(end) == HANGOVER


def test_quiet_without_a_partial_ends_nothing_and_is_counted(end: TurnEnd) -> None:
    assert quiet_until_end(end) is None
    assert end.quiet_frames == 50
    end.frame(voiced=True)
    assert end.quiet_frames == 0


def test_after_a_reset_the_old_partial_ends_nothing_and_the_quiet_goes_on(end: TurnEnd) -> None:
    end.partial("two", STABLE)
    end.frame(voiced=False)
    end.reset()
    assert quiet_until_end(end) is None
    assert end.quiet_frames == 51
    end.frame(voiced=True)
    end.partial("two", WEAK)
    assert quiet_until_end(end) == HANGOVER


def test_an_empty_partial_ends_nothing(end: TurnEnd) -> None:
    end.partial("two", STABLE)
    end.partial("", STABLE)
    assert quiet_until_end(end) is None


@pytest.mark.parametrize(("hangover", "timeout"), [(0, 0), (-1, 5), (6, 2)])
def test_spans_that_make_no_sense_are_the_least_that_does(hangover: int, timeout: int) -> None:
    end = TurnEnd(hangover, timeout)
    end.partial("two", WEAK)
    assert quiet_until_end(end) == max(1, hangover)


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["", "a", "a b"]), st.sampled_from([WEAK, STABLE])), st.booleans()
    ),
    max_size=60,
)


@settings(derandomize=True, database=None)
@given(EVENTS)
def test_frames_end_an_utterance_by_the_written_rule(
    events: list[tuple[str, float] | bool],
) -> None:
    """Against the rule told over the whole history, instead of carried along."""
    end = TurnEnd(HANGOVER, TIMEOUT)
    voiced: list[bool] = []
    text, stable, changed_at = "", False, 0
    for event in events:
        if isinstance(event, tuple):
            changed_at = len(voiced) if event[0] != text else changed_at
            text, stable = event[0], event[1] >= STABLE
            assert not end.partial(*event)
            continue
        voiced.append(event)
        quiet = voiced[::-1].index(True) if True in voiced else len(voiced)
        settled = stable or len(voiced) - changed_at >= HANGOVER
        finished = bool(text) and quiet >= HANGOVER and (settled or quiet >= TIMEOUT)
        assert end.frame(voiced=event) is finished
