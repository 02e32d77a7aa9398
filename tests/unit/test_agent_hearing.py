"""The agent and its recogniser: early finals, revisions, and a recogniser in trouble."""

from collections.abc import Iterator

import pytest

from actors.messages import (
    Clear,
    DigitPressed,
    FinalTranscript,
    Hangup,
    HearingGaveOut,
    HearingLost,
    HearingRestored,
    PartialTranscript,
    PlaybackStarted,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
)
from dialogue import ports as brains
from tests.support.agent import AgentRig, speech
from tests.support.context import HandBrain, logged, staged

pytestmark = pytest.mark.unit

HANGOVER_S = 0.18


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    with staged(AgentRig) as stage:
        yield stage


def early(rig: AgentRig, text: str, utterance: int = 1, *, revises: bool = False) -> None:
    """Let a partial be taken for the final."""
    rig.memory.quiet_since = rig.clock.now()
    rig.tell(FinalTranscript(utterance, text, rig.clock.now(), True, revises))


def revision(rig: AgentRig, text: str, utterance: int = 1) -> None:
    """Let the real final say something else than the early one."""
    rig.memory.quiet_since = rig.clock.now()
    rig.tell(FinalTranscript(utterance, text, rig.clock.now(), False, True))


def heard(rig: AgentRig) -> None:
    """Let the answer under way reach the caller."""
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))


def callers(rig: AgentRig) -> list[str]:
    """What the history says of the caller."""
    return [text for who, text in rig.history if who == "caller"]


# --- early finals ---------------------------------------------------------------------


def test_an_early_final_is_answered_like_any_other(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table")
    rig.play()
    assert rig.told[-1] == brains.CallerSaid("a table")
    assert rig.spoken[-1] == "you said a table"
    assert callers(rig) == ["a table"]


def test_words_added_before_the_answer_was_heard_replace_the_utterance(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table")
    epoch = rig.memory.epoch
    revision(rig, "a table for two")
    assert rig.told[1:] == [
        brains.CallerSaid("a table"),
        brains.CallerSaid("a table for two", revises=True),
    ]
    assert rig.tx.of(Clear) == [Clear(epoch)]
    assert callers(rig) == ["a table for two"]
    rig.play()
    assert rig.spoken[-1] == "you said a table for two"


def test_words_added_after_the_answer_was_heard_are_an_utterance_of_their_own(
    rig: AgentRig,
) -> None:
    rig.greeted()
    early(rig, "a table")
    heard(rig)
    revision(rig, "A table, for two!")
    assert rig.told[-1] == brains.CallerSaid("for two!")
    assert callers(rig) == ["a table", "for two!"]


def test_an_utterance_may_be_revised_again_and_again(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "one")
    early(rig, "one two", revises=True)
    early(rig, "one two three", revises=True)
    revision(rig, "one two three four")
    assert [event.revises for event in rig.told[1:] if isinstance(event, brains.CallerSaid)] == [
        False,
        True,
        True,
        True,
    ]
    assert callers(rig) == ["one two three four"]


def test_only_what_was_not_answered_yet_is_added_each_time(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "one")
    heard(rig)
    early(rig, "one two", revises=True)
    heard(rig)
    revision(rig, "one two three")
    assert callers(rig) == ["one", "two", "three"]
    assert rig.told[-1] == brains.CallerSaid("three")


def test_after_added_words_a_revision_that_nobody_heard_an_answer_to_keeps_every_word_once(
    rig: AgentRig,
) -> None:
    rig.greeted()
    early(rig, "one")
    heard(rig)
    early(rig, "one two", revises=True)
    revision(rig, "one two three")
    said = " ".join(callers(rig)).split()
    assert said == ["one", "two", "three"]


@pytest.mark.parametrize("text", ["A table.", "a", "a cable"])
def test_a_revision_that_adds_nothing_to_an_answer_being_heard_is_let_pass(
    rig: AgentRig, text: str
) -> None:
    rig.greeted()
    early(rig, "a table")
    heard(rig)
    revision(rig, text)
    assert rig.told[1:] == [brains.CallerSaid("a table")]
    assert rig.tx.of(Clear) == []


def test_fewer_words_before_the_answer_was_heard_replace_the_utterance(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table for")
    revision(rig, "a table")
    assert rig.told[-1] == brains.CallerSaid("a table", revises=True)
    assert callers(rig) == ["a table"]


@pytest.mark.parametrize("was_heard", [False, True])
def test_an_answer_that_a_partial_broke_off_for_nothing_is_given_again(
    rig: AgentRig, *, was_heard: bool
) -> None:
    rig.greeted()
    early(rig, "a table")
    if was_heard:
        heard(rig)
    rig.tell(PartialTranscript(1, "a table the", rig.clock.now()))
    revision(rig, "a table")
    rig.play()
    assert rig.spoken[-2:] == ["you said a table"] * 2
    assert rig.told[-1] == brains.CallerSaid("a table", revises=True)
    assert callers(rig) == ["a table"]


def test_a_playback_of_something_else_does_not_count_as_the_answer(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table")
    rig.tell(PlaybackStarted(1, rig.clock.now()))
    revision(rig, "a table for two")
    assert rig.told[-1] == brains.CallerSaid("a table for two", revises=True)


def test_a_revision_of_an_utterance_that_was_never_answered_is_answered_whole(
    rig: AgentRig,
) -> None:
    rig.greeted()
    revision(rig, "a table for two", utterance=7)
    assert rig.told[-1] == brains.CallerSaid("a table for two")
    assert callers(rig) == ["a table for two"]


def test_the_next_utterance_revises_nothing(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table")
    heard(rig)
    rig.final("a table for two", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("a table for two")
    assert callers(rig) == ["a table", "a table for two"]


def test_a_successor_knows_what_a_revision_revises(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "a table")
    heard(rig)
    rig.crash()
    rig.start()
    revision(rig, "a table for two")
    assert rig.told[-1] == brains.CallerSaid("for two")
    assert callers(rig) == ["a table", "for two"]


def test_nothing_revises_the_last_words(rig: AgentRig) -> None:
    rig.greeted()
    early(rig, "hang up")
    told = list(rig.told)
    revision(rig, "hang up now")
    assert rig.told == told
    rig.play()
    assert rig.call.messages == [Hangup("goodbye")]


def test_the_thinking_about_a_revised_utterance_is_dropped(rig: AgentRig) -> None:
    brain = rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("hello"), brains.ReplyDone())
    rig.play()
    early(rig, "a table")
    revision(rig, "a table for two")
    assert brain.replies[1].cancelled
    brain.sinks[1](brains.Say("too late"))
    rig.settle()
    assert "too late" not in rig.spoken


# --- a recogniser in trouble ----------------------------------------------------------


def speaks_and_stops(rig: AgentRig) -> float:
    """Let the caller say something that is meant; returns when the voice ended."""
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.advance(0.2)
    rig.tell(SpeechConfirmed())
    rig.advance(0.8)
    ended_at = rig.clock.now()
    rig.advance(HANGOVER_S)
    rig.tell(SpeechStopped(ended_at))
    return ended_at


def test_who_waits_while_the_recogniser_is_unwell_is_told_in_time_and_once(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    ended_at = speaks_and_stops(rig)
    rig.advance(1.4 - HANGOVER_S)
    assert rig.spoken == ["hello"]
    rig.advance(0.4)
    assert rig.clock.now() <= ended_at + 1.801
    assert rig.spoken == ["hello", "one moment"]
    rig.play()
    rig.advance(7)
    assert rig.spoken == ["hello", "one moment"]
    assert rig.history[-1] == ("agent", "one moment")


def test_a_caller_who_says_nothing_is_told_nothing_of_it(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    rig.advance(7)
    assert rig.spoken == ["hello"]


@pytest.mark.parametrize("well", [HearingRestored(), FinalTranscript(1, "hi", 0.0)])
def test_who_is_understood_in_time_is_told_nothing_of_it(rig: AgentRig, well: object) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    speaks_and_stops(rig)
    rig.advance(1)
    rig.tell(well)
    rig.play()
    rig.advance(4)
    assert "one moment" not in rig.spoken


def test_who_pressed_a_key_instead_does_not_wait_any_more(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    speaks_and_stops(rig)
    rig.tell(DigitPressed("5"))
    rig.play()
    rig.advance(5)
    assert rig.spoken == ["hello", "key 5"]


def test_who_speaks_again_is_not_spoken_over(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    speaks_and_stops(rig)
    rig.advance(1.2)
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.advance(3)
    assert rig.spoken == ["hello"]


def test_the_last_words_are_not_followed_by_any_excuse(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    speaks_and_stops(rig)
    rig.final("hang up")
    speech(rig)
    rig.advance(4)
    assert "one moment" not in rig.spoken


def test_the_trouble_is_known_to_a_successor(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost())
    rig.crash()
    rig.start()
    speaks_and_stops(rig)
    rig.advance(2.1)
    assert rig.spoken == ["hello", "one moment"]


def test_when_nobody_recognises_anything_any_more_the_brain_is_told_and_answers(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.tell(HearingLost(), HearingGaveOut())
    assert rig.told[-1] == brains.RecognitionLost()
    rig.play()
    assert rig.spoken == ["hello", "keys please"]


def test_what_is_being_said_then_is_broken_off(rig: AgentRig) -> None:
    rig.start()
    rig.tell(HearingGaveOut())
    assert rig.tx.of(Clear) == [Clear(1)]


def test_keys_still_work_then(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(HearingLost(), HearingGaveOut(), DigitPressed("7"))
    rig.play()
    assert rig.told[-1] == brains.CallerPressed("7")
    assert rig.spoken[-1] == "key 7"


def test_the_last_words_are_not_broken_off_by_it(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("hang up")
    rig.tell(HearingGaveOut())
    assert rig.tx.of(Clear) == []
    rig.play()
    assert rig.call.messages == [Hangup("goodbye")]


def test_the_log_says_nothing_of_what_was_said(rig: AgentRig) -> None:
    rig.greeted()
    with logged() as lines:
        early(rig, "my secret")
        revision(rig, "my secret is 42")
        rig.tell(HearingLost(), HearingGaveOut())
    assert "secret" not in "".join(lines)
