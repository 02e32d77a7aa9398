"""Transcripts: numbered, debounced, bounded, and in the log only as far as the setting allows."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors.clock import Timer
from actors.family import OutOfBand
from actors.messages import FinalTranscript, PartialTranscript, SttProgress
from actors.transcripts import DebounceOver, SttState, Transcripts
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
