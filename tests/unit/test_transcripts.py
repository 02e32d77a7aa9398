"""Transcripts: numbered, debounced, bounded, and in the log only as far as the setting allows."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import Timer
from actors.family import OutOfBand
from actors.messages import FinalTranscript, PartialTranscript, SttProgress
from actors.stt_state import SttState
from actors.transcripts import DebounceOver, Transcripts
from dialogue.text import words
from media.ring import AudioRing
from tests.support.context import Stage, logged, staged
from tests.support.peers import RecordingPeer

pytestmark = pytest.mark.unit


class Desk(Stage):
    """A `Transcripts` whose debounce is delivered straight back to it."""

    def __init__(self) -> None:
        super().__init__()
        self.agent = RecordingPeer()
        self.state = SttState(AudioRing(10))
        self.transcripts = self.made()

    def made(self) -> Transcripts:
        return Transcripts(self.context, self.state, self.agent, self.call, self._after)

    def set(self, **changes: Any) -> None:
        super().set(**changes)
        self.transcripts = self.made()

    def _after(self, delay_s: float, message: OutOfBand) -> Timer:
        assert isinstance(message, DebounceOver)
        return self.clock.call_later(delay_s, self.transcripts.debounce_over)

    @property
    def partials(self) -> list[str]:
        return [partial.text for partial in self.agent.of(PartialTranscript)]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with staged(Desk) as stage:
        yield stage


def test_the_first_partial_of_an_utterance_goes_on_at_once(desk: Desk) -> None:
    desk.transcripts.partial("a")
    assert desk.agent.messages == [PartialTranscript(1, "a", desk.clock.now())]


def test_within_the_debounce_the_latest_partial_wins(desk: Desk) -> None:
    for text in ("a", "a b", "a b c", "a b c d"):
        desk.transcripts.partial(text)
        desk.advance(0.030)
    assert desk.partials == ["a", "a b c d"]
    first, second = desk.agent.of(PartialTranscript)
    assert second.heard_at - first.heard_at == pytest.approx(0.110)


def test_after_the_debounce_a_partial_goes_on_at_once_again(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.advance(0.111)
    desk.transcripts.partial("a b")
    assert desk.partials == ["a", "a b"]


def test_what_was_passed_on_already_is_not_passed_on_again(desk: Desk) -> None:
    for text in ("a", "a b", "a"):
        desk.transcripts.partial(text)
    desk.advance(1)
    desk.transcripts.partial("a")
    assert desk.partials == ["a"]


def test_an_empty_partial_says_nothing(desk: Desk) -> None:
    desk.transcripts.partial("")
    desk.advance(1)
    assert desk.agent.messages == []


def test_a_final_goes_on_at_once_and_takes_the_waiting_partial_with_it(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.transcripts.partial("a b")
    desk.transcripts.final("a b c")
    assert desk.clock.pending == 0
    desk.advance(1)
    assert desk.partials == ["a"]
    assert desk.agent.of(FinalTranscript)[0].text == "a b c"


def test_partials_and_their_final_share_a_number_that_the_next_utterance_counts_on(
    desk: Desk,
) -> None:
    desk.transcripts.partial("a")
    desk.transcripts.final("a")
    desk.transcripts.partial("b")
    desk.transcripts.final("b")
    assert [message.utterance for message in desk.agent.messages] == [1, 1, 2, 2]
    assert desk.state.utterance == 3


def test_the_next_utterance_is_not_debounced_against_the_last(desk: Desk) -> None:
    desk.transcripts.partial("yes")
    desk.transcripts.final("yes")
    desk.transcripts.partial("yes")
    assert desk.partials == ["yes", "yes"]


def test_the_numbering_goes_on_with_a_successor(desk: Desk) -> None:
    desk.transcripts.final("a")
    desk.transcripts = desk.made()
    desk.transcripts.final("b")
    assert [final.utterance for final in desk.agent.of(FinalTranscript)] == [1, 2]


def test_every_result_is_proof_of_life_for_the_call(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.advance(0.5)
    desk.transcripts.final("a")
    partial_at, final_at = (progress.heard_at for progress in desk.call.of(SttProgress))
    assert final_at - partial_at == pytest.approx(0.5)


def test_no_text_is_longer_than_the_bound(desk: Desk) -> None:
    desk.set(utterance_max_chars=100)
    desk.transcripts.partial("p" * 101)
    desk.transcripts.final("f" * 5000)
    assert [message.text for message in desk.agent.messages] == ["p" * 100, "f" * 100]


def test_a_log_line_shows_no_word_unless_it_may(desk: Desk) -> None:
    with logged() as lines:
        desk.transcripts.partial("my secret")
        desk.transcripts.final("my secret is 42")
    assert lines == ["🟡 [PARTIAL] len=9", "✅ [FINAL] len=15"]


def test_a_log_line_shows_the_words_where_the_setting_allows_it(desk: Desk) -> None:
    desk.set(log_transcripts=True)
    with logged() as lines:
        desk.transcripts.partial("שלום {name}")
        desk.transcripts.final("שלום {0}\nfake line")
    assert lines[0] == '🟡 [PARTIAL] "שלום {name}"'
    assert lines[1] == '✅ [FINAL] "שלום {0}\ufffdfake line"'


# --- early finals ---------------------------------------------------------------------


def finals(desk: Desk) -> list[tuple[int, str, bool, bool]]:
    """Number, text, whether early and whether a revision, of every final so far."""
    return [
        (final.utterance, final.text, final.early, final.revises)
        for final in desk.agent.of(FinalTranscript)
    ]


def test_an_early_final_has_the_number_of_its_partials_and_is_marked(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.transcripts.early_final("a b")
    assert desk.agent.messages[0].utterance == 1
    assert finals(desk) == [(1, "a b", True, False)]
    assert desk.state.utterance == 2


@pytest.mark.parametrize("said", ["a b", "A b.", "a  b …", "\u200fa b\u200f", ""])
def test_a_real_final_that_says_the_same_or_nothing_is_swallowed(desk: Desk, said: str) -> None:
    desk.transcripts.early_final("a b")
    desk.transcripts.final(said)
    assert finals(desk) == [(1, "a b", True, False)]
    desk.transcripts.final("c")
    assert finals(desk)[1:] == [(2, "c", False, False)]


@pytest.mark.parametrize("said", ["a b c", "a", "x y"])
def test_a_real_final_with_other_words_revises_the_early_one(desk: Desk, said: str) -> None:
    desk.transcripts.early_final("a b")
    desk.transcripts.final(said)
    assert finals(desk) == [(1, "a b", True, False), (1, said, False, True)]


def test_a_second_early_final_revises_the_first_and_the_real_one_is_held_against_it(
    desk: Desk,
) -> None:
    desk.transcripts.early_final("a b")
    assert desk.transcripts.partial("a b c")
    desk.transcripts.early_final("a b c")
    desk.transcripts.final("a b c.")
    assert finals(desk) == [(1, "a b", True, False), (1, "a b c", True, True)]


@pytest.mark.parametrize("text", ["a b", "A b!", "a", "", "x y"])
def test_a_partial_that_adds_nothing_to_an_early_final_goes_nowhere(desk: Desk, text: str) -> None:
    desk.transcripts.early_final("a b")
    assert not desk.transcripts.partial(text)
    desk.advance(1)
    assert desk.partials == []


def test_a_partial_that_adds_words_has_the_number_of_the_early_final(desk: Desk) -> None:
    desk.transcripts.early_final("a b")
    assert desk.transcripts.partial("a b c")
    assert [(p.utterance, p.text) for p in desk.agent.of(PartialTranscript)] == [(1, "a b c")]


def test_a_partial_that_added_words_and_was_taken_back_is_revised_to_what_is_true(
    desk: Desk,
) -> None:
    desk.transcripts.early_final("a b")
    desk.transcripts.partial("a b c")
    desk.transcripts.final("a b")
    assert finals(desk)[1:] == [(1, "a b", False, True)]


@pytest.mark.parametrize("end", ["", None], ids=["rejected", "new stream"])
def test_a_partial_that_added_words_of_which_nothing_came_lets_the_early_final_be_said_again(
    desk: Desk, end: str | None
) -> None:
    desk.transcripts.early_final("a b")
    desk.transcripts.partial("a b c")
    if end is None:
        desk.transcripts.begin_anew()
    else:
        desk.transcripts.final(end)
    assert finals(desk)[1:] == [(1, "a b", False, True)]
    desk.transcripts.final("d")
    assert finals(desk)[2:] == [(2, "d", False, False)]


def test_the_waiting_partial_of_an_early_final_is_called_off(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.transcripts.partial("a b")
    desk.transcripts.early_final("a b")
    assert desk.clock.pending == 0
    desk.advance(1)
    assert desk.partials == ["a"]


def test_after_a_new_stream_an_early_final_stands_as_it_is(desk: Desk) -> None:
    desk.transcripts.early_final("a b")
    desk.transcripts.begin_anew()
    desk.transcripts.final("c")
    assert finals(desk) == [(1, "a b", True, False), (2, "c", False, False)]


def test_a_new_stream_calls_the_waiting_partial_off(desk: Desk) -> None:
    desk.transcripts.partial("a")
    desk.transcripts.partial("a b")
    desk.transcripts.begin_anew()
    desk.advance(1)
    desk.transcripts.partial("a")
    assert desk.partials == ["a", "a"]


def test_what_was_given_up_is_an_empty_final_and_no_sign_of_life(desk: Desk) -> None:
    desk.transcripts.given_up()
    assert finals(desk) == [(1, "", False, False)]
    assert desk.call.of(SttProgress) == []


def test_an_early_final_is_cut_and_shown_like_any_other(desk: Desk) -> None:
    desk.set(utterance_max_chars=100, log_transcripts=True)
    with logged() as lines:
        desk.transcripts.early_final("f" * 101)
    assert finals(desk)[0][1] == "f" * 100
    assert "f" * 100 in lines[0]
    desk.set(utterance_max_chars=100)
    with logged() as lines:
        desk.transcripts.early_final("secret")
    assert "secret" not in lines[0]
    assert "len=6" in lines[0]


TEXTS = st.lists(st.sampled_from(["a", "B.", "שָׁלוֹם", "\u200fכן", "…"]), max_size=4).map(" ".join)
UTTERANCES = st.lists(
    st.tuples(
        st.lists(st.tuples(TEXTS, st.booleans(), st.sampled_from([0.0, 0.05, 0.2])), max_size=5),
        st.one_of(TEXTS, st.none()),
    ),
    max_size=5,
)
"""Partials, each with whether it is finished early and a wait, and the final that ends them;
None: the stream ends instead."""


@settings(derandomize=True, database=None, max_examples=300)
@given(UTTERANCES)
def test_whatever_is_said_early_the_agent_ends_up_with_the_words_of_the_finals(
    utterances: list[tuple[list[tuple[str, bool, float]], str | None]],
) -> None:
    with staged(Desk) as desk:
        expected: list[tuple[str, ...]] = []
        for partials, final in utterances:
            early: tuple[str, ...] | None = None
            for text, finish, wait_s in partials:
                if desk.transcripts.partial(text) and finish:
                    desk.transcripts.early_final(text)
                    early = words(text)
                desk.advance(wait_s)
            if final is None:
                desk.transcripts.begin_anew()
            else:
                desk.transcripts.final(final)
            if early is not None:
                expected.append(words(final) if final else early)
            elif final is not None:
                expected.append(words(final))
        heard: dict[int, tuple[str, ...]] = {}
        for message in desk.agent.of(FinalTranscript):
            assert message.revises == (message.utterance in heard)
            assert message.revises or message.utterance == len(heard) + 1
            heard[message.utterance] = words(message.text)
        assert list(heard.values()) == expected
