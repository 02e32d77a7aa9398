"""Several things meet: what the caller said, what must be heard, crashes and broken voices."""

from collections.abc import Iterator

import pytest

from actors.messages import DigitPressed, FinalTranscript, MarkPlayed, PlaybackStarted
from dialogue import ports as brains
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, staged
from tests.support.engines import EchoBrain
from tests.support.storyteller import (
    FRAMES,
    LAW,
    LAW_FRAMES,
    STORY,
    behind_the_notice,
    hears,
    notice,
    quiet,
    rig,
    says,
    speaks,
    voice,
)

pytestmark = pytest.mark.unit

__all__ = ["rig"]


@pytest.fixture
def plain() -> Iterator[AgentRig]:
    """An agent whose greeting is a word, and that answers what it hears at once."""
    with staged(AgentRig) as stage:
        yield stage


class Lawyer(EchoBrain):
    """Says nothing that may be interrupted."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        return [brains.Say(f"law {len(self.told)}", interruptible=False)]


def early(rig: AgentRig, text: str, utterance: int = 1) -> None:
    rig.tell(FinalTranscript(utterance, text, rig.clock.now(), early=True))


def revised(rig: AgentRig, text: str, utterance: int = 1) -> None:
    rig.tell(FinalTranscript(utterance, text, rig.clock.now(), revises=True))


def said(rig: AgentRig) -> list[brains.CallerEvent]:
    """What the brain was told of the caller."""
    return [event for event in rig.told if not isinstance(event, brains.CallBegan)]


def callers(rig: AgentRig) -> list[str]:
    return [text for who, text in rig.history if who == "caller"]


# --- what is kept, and revisions of it ------------------------------------------------


def test_the_last_of_several_kept_utterances_is_revised_together_with_those_before_it(
    rig: AgentRig,
) -> None:
    notice(rig)
    rig.final("what is recorded", utterance=1)
    early(rig, "tell me", utterance=2)
    behind_the_notice(rig)
    revised(rig, "tell me please", utterance=2)
    assert said(rig) == [
        brains.CallerSaid("what is recorded tell me"),
        brains.CallerSaid("what is recorded tell me please", revises=True),
    ]
    assert callers(rig) == ["what is recorded tell me please"]


def test_of_an_answered_utterance_only_what_a_kept_revision_adds_is_answered(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.think_slowly()
    early(rig, "a table")
    rig.say(brains.Say(LAW, interruptible=False), brains.ReplyDone())
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    hears(rig, 20)
    revised(rig, "a table for two")
    rig.final("please", utterance=2)
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("a table"), brains.CallerSaid("for two please")]
    revised(rig, "please sir", utterance=2)
    assert said(rig)[-1] == brains.CallerSaid("for two please sir", revises=True)
    assert callers(rig) == ["a table", "for two please sir"]


def test_a_kept_revision_that_adds_nothing_is_not_answered(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    early(rig, "a table")
    rig.say(brains.Say(LAW, interruptible=False), brains.ReplyDone())
    revised(rig, "a table please")
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    revised(rig, "a table")
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("a table")]


def test_a_kept_revision_that_comes_to_nothing_is_not_answered(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    early(rig, "a table")
    rig.say(brains.Say(LAW, interruptible=False), brains.ReplyDone())
    revised(rig, "a table")
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("a table")]


def test_words_kept_long_after_each_other_are_one_question_all_the_same(rig: AgentRig) -> None:
    notice(rig)
    rig.tell(FinalTranscript(1, "a table", rig.clock.now() - 20.0))
    rig.final("for two", utterance=2)
    behind_the_notice(rig)
    assert said(rig) == [brains.CallerSaid("a table for two")]


def test_a_revision_between_the_last_word_of_a_notice_and_its_end_mark_revises(
    rig: AgentRig,
) -> None:
    notice(rig, story=False)
    early(rig, "book a table")
    hears(rig, LAW_FRAMES)
    assert said(rig) == []
    revised(rig, "book a table for two")
    assert said(rig) == [brains.CallerSaid("book a table for two")]
    rig.say(brains.Say("done"), brains.ReplyDone())
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("book a table for two")]
    assert callers(rig) == ["book a table for two"]


def test_another_utterance_there_is_answered_together_with_what_was_kept(rig: AgentRig) -> None:
    notice(rig, story=False)
    rig.final("book a table", utterance=1)
    hears(rig, LAW_FRAMES)
    rig.final("for two", utterance=2)
    assert said(rig) == [brains.CallerSaid("book a table for two")]


def test_what_is_kept_is_not_answered_over_a_voice_that_holds_what_follows_the_notice(
    rig: AgentRig,
) -> None:
    notice(rig)
    rig.final("book a table", utterance=1)
    hears(rig, LAW_FRAMES)
    voice(rig)
    rig.tell(MarkPlayed(f"at{LAW_FRAMES + 20}#1", 1))
    assert said(rig) == []
    quiet(rig)
    rig.final("for two", utterance=2)
    assert said(rig) == [brains.CallerSaid("book a table for two")]


# --- words and keys -------------------------------------------------------------------


def test_words_and_keys_that_were_kept_reach_the_brain_in_order(rig: AgentRig) -> None:
    notice(rig)
    rig.tell(DigitPressed("1"))
    rig.final("opening hours", utterance=1)
    rig.final("of the shop", utterance=2)
    rig.tell(DigitPressed("5"), DigitPressed("6"))
    behind_the_notice(rig)
    assert said(rig) == [
        brains.CallerPressed("1"),
        brains.CallerSaid("opening hours of the shop"),
        brains.CallerPressed("5"),
        brains.CallerPressed("6"),
    ]
    assert rig.memory.kept == []


def test_of_kept_words_and_keys_the_last_is_answered(rig: AgentRig) -> None:
    notice(rig)
    rig.final("opening hours")
    rig.tell(DigitPressed("5"))
    behind_the_notice(rig)
    brain = rig.brain
    assert [reply.cancelled for reply in brain.replies[1:]] == [True, False]
    rig.say(brains.Say("five"), brains.ReplyDone())
    assert rig.spoken[-1] == "five"


def test_words_that_begin_between_two_kept_events_are_heard_out_first(rig: AgentRig) -> None:
    notice(rig)
    rig.final("opening hours", utterance=1)
    rig.tell(DigitPressed("5"))
    behind_the_notice(rig, all_told=False)
    says(rig, "of the shop")
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("opening hours")]
    rig.final("of the shop", utterance=2)
    rig.advance(0.0)
    assert said(rig)[1:] == [brains.CallerPressed("5"), brains.CallerSaid("of the shop")]


def test_a_key_waits_behind_a_notice_that_answers_the_words_before_it(rig: AgentRig) -> None:
    rig.think(Lawyer())
    rig.start()
    rig.final("opening hours")
    rig.tell(DigitPressed("5"))
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("opening hours")]
    rig.play()
    rig.advance(0.0)
    assert said(rig)[1:] == [brains.CallerPressed("5")]


def test_a_key_behind_kept_words_that_ended_the_call_is_nothing(plain: AgentRig) -> None:
    rig = plain
    rig.start()
    rig.memory.kept = [FinalTranscript(1, "hang up", rig.clock.now()), brains.CallerPressed("5")]
    rig.play()
    rig.advance(0.0)
    assert said(rig) == [brains.CallerSaid("hang up")]


# --- a crash in a notice --------------------------------------------------------------


def test_a_successor_says_the_notice_again_before_it_answers_what_waited(rig: AgentRig) -> None:
    notice(rig)
    rig.crash()
    rig.final("what is recorded")
    rig.tell(DigitPressed("5"))
    rig.start()
    rig.advance(0.0)
    assert [text for text in rig.spoken if text == LAW] == [LAW, LAW]
    assert said(rig) == []
    behind_the_notice(rig)
    assert said(rig) == [brains.CallerSaid("what is recorded"), brains.CallerPressed("5")]


def test_a_successor_of_a_notice_that_was_heard_answers_what_was_kept(rig: AgentRig) -> None:
    notice(rig, story=False)
    rig.final("what is recorded")
    rig.memory.unheard = []  # A mark that proved it heard, and the crash of who answers then.
    rig.crash()
    rig.memory.unheard = []
    rig.start()
    rig.advance(0.0)
    assert rig.spoken == [LAW]
    assert said(rig) == [brains.CallerSaid("what is recorded")]


def test_a_successor_that_answers_what_waited_does_not_owe_the_rest_any_more(
    rig: AgentRig,
) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say(STORY), brains.ReplyDone())
    rig.crash()
    rig.final("how long is it")
    rig.start()
    assert said(rig) == [brains.CallerSaid("how long is it")]
    assert rig.memory.unheard == []


# --- words that come to nothing -------------------------------------------------------


def test_an_answer_that_was_given_up_for_words_that_were_none_is_thought_out_again(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    says(rig, "wait please")
    rig.final("", utterance=9)
    assert said(rig) == [
        brains.CallerSaid("how much is it"),
        brains.CallerSaid("how much is it", revises=True),
    ]
    assert callers(rig) == ["how much is it"]


def test_a_story_that_was_given_up_for_words_that_were_none_is_told_to_its_end(
    rig: AgentRig,
) -> None:
    speaks(rig)
    says(rig, "wait please")
    rig.final("", utterance=9)
    assert said(rig) == []
    assert rig.spoken == [STORY, STORY]
    rig.play()
    assert rig.history[-1] == ("agent", STORY)


def test_an_answer_to_a_key_is_not_asked_for_twice(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.tell(DigitPressed("5"))
    says(rig, "wait please")
    rig.final("", utterance=9)
    assert said(rig) == [brains.CallerPressed("5")]
    assert rig.spoken[-1] == "sorry"


def test_a_greeting_that_was_given_up_before_its_first_word_is_given_again(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    says(rig, "wait please")
    rig.final("", utterance=9)
    assert rig.told == [brains.CallBegan(), brains.CallBegan()]


def test_a_murmur_is_not_what_the_reply_was_given_up_for(rig: AgentRig) -> None:
    speaks(rig)
    says(rig, "mm home")
    rig.final("mhm", utterance=9)
    assert said(rig) == []
    assert rig.spoken == [STORY, STORY]


def test_yes_to_the_question_at_the_end_is_its_answer_though_more_seemed_to_come(
    rig: AgentRig,
) -> None:
    speaks(rig, FRAMES - 40)
    says(rig, "yes but")
    rig.final("yes", utterance=9)
    assert said(rig) == [brains.CallerSaid("yes")]


def test_the_rest_of_an_answer_is_still_that_answer(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how long is it", utterance=1)
    rig.say(brains.Say(STORY), brains.ReplyDone())
    says(rig, "wait please")
    rig.final("", utterance=2)
    assert rig.spoken[-2:] == [STORY, STORY]
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    rig.final("i see", utterance=3)
    assert said(rig) == [brains.CallerSaid("how long is it"), brains.CallerSaid("i see")]


def test_what_was_given_up_is_forgotten_when_something_else_is_said(rig: AgentRig) -> None:
    speaks(rig)
    says(rig, "wait please")
    rig.advance(8.01)
    rig.play()
    rig.final("", utterance=9)
    assert said(rig) == [brains.CallerSilent(), brains.CallerSaid("")]


def test_words_that_come_after_all_are_answered(rig: AgentRig) -> None:
    speaks(rig)
    says(rig, "wait please")
    rig.final("wait please", utterance=9)
    rig.play()
    rig.final("", utterance=10)
    assert said(rig) == [brains.CallerSaid("wait please"), brains.CallerSaid("")]


def test_a_successor_knows_what_was_given_up(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    says(rig, "wait please")
    rig.crash()
    rig.start()
    rig.final("", utterance=9)
    assert said(rig)[-1] == brains.CallerSaid("how much is it", revises=True)


def test_what_was_kept_is_answered_if_the_words_behind_the_notice_were_none(
    rig: AgentRig,
) -> None:
    notice(rig)
    rig.final("what is recorded")
    hears(rig, LAW_FRAMES)
    says(rig, "wait please")
    rig.final("", utterance=9)
    assert said(rig) == [brains.CallerSaid("what is recorded")]


# --- one thought, one line ------------------------------------------------------------


def test_an_utterance_that_belongs_to_an_earlier_one_is_the_last_line_when_the_brain_is_told(
    plain: AgentRig,
) -> None:
    lines: list[list[tuple[str, str]]] = []
    plain.think(EchoBrain(on_event=lambda _event: lines.append(plain.history)))
    plain.greeted()
    plain.final("i would like a table", utterance=1)
    plain.final("for two", utterance=2)
    assert lines[-1] == [("agent", "hello"), ("caller", "i would like a table for two")]


def test_a_revision_is_the_last_line_though_some_of_the_answer_was_heard(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    early(rig, "how long is it")
    rig.say(brains.Say(STORY), brains.ReplyDone())
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    hears(rig, 100)
    says(rig, "how long is it the")
    revised(rig, "how long is it")
    assert rig.history[-1] == ("caller", "how long is it")
    assert rig.history[-2][1].startswith("once upon a time")
    assert callers(rig) == ["how long is it"]
