"""Notices, echoes, pauses and fillers: what else is heard while the agent speaks."""

import pytest

from actors.messages import (
    Clear,
    DigitPressed,
    FinalTranscript,
    MarkPlayed,
    PartialTranscript,
    PlaybackStarted,
)
from actors.playback_frames import KEPT_FRAMES
from dialogue import ports as brains
from tests.support.agent import AgentRig
from tests.support.context import HandBrain
from tests.support.storyteller import (
    FRAMES,
    hears,
    notice,
    payloads,
    quiet,
    rig,
    says,
    speaks,
    voice,
)

pytestmark = pytest.mark.unit

__all__ = ["rig"]

# --- what must be heard ---------------------------------------------------------------


def test_a_notice_is_not_interrupted_by_voice_nor_words_nor_keys(rig: AgentRig) -> None:
    notice(rig)
    voice(rig)
    says(rig, "wait please stop")
    rig.tell(DigitPressed("5"))
    quiet(rig, 2.0)
    assert rig.tx.of(Clear) == []


def test_behind_a_notice_the_caller_may_interrupt_again(rig: AgentRig) -> None:
    notice(rig, 5 * len("this call is recorded") + 20)
    voice(rig)
    assert rig.tx.of(Clear) == [Clear(1)]


def test_what_is_said_into_a_notice_is_answered_behind_it(rig: AgentRig) -> None:
    notice(rig)
    rig.final("what is recorded", utterance=1)
    rig.final("tell me", utterance=2)
    assert rig.told == [brains.CallBegan()]
    hears(rig, 60)
    rig.tell(MarkPlayed("at100#1", 1))
    hears(rig, 30)
    rig.tell(MarkPlayed("at125#1", 1))
    assert rig.told[-1] == brains.CallerSaid("what is recorded tell me")
    assert rig.memory.kept == []


def test_what_is_kept_is_not_judged_again_though_the_notice_had_its_words(rig: AgentRig) -> None:
    notice(rig)
    voice(rig)
    quiet(rig)
    rig.final("this call is recorded")
    hears(rig, 120)
    rig.tell(MarkPlayed("at100#1", 1))
    hears(rig, 30)
    rig.tell(MarkPlayed("at125#1", 1))
    assert rig.told[-1] == brains.CallerSaid("this call is recorded")


def test_a_revision_of_what_is_kept_takes_its_place(rig: AgentRig) -> None:
    notice(rig)
    rig.tell(FinalTranscript(1, "book a table", rig.clock.now(), early=True))
    rig.tell(FinalTranscript(1, "book a table for two", rig.clock.now(), revises=True))
    hears(rig, 100)
    rig.tell(MarkPlayed("at125#1", 1))
    assert rig.told[-1] == brains.CallerSaid("book a table for two")


def test_a_key_into_a_notice_is_answered_behind_it(rig: AgentRig) -> None:
    notice(rig)
    rig.tell(DigitPressed("5"))
    hears(rig, 100)
    rig.tell(MarkPlayed("at125#1", 1))
    assert rig.told[-1] == brains.CallerPressed("5")


def test_a_notice_said_while_the_reply_is_held_is_heard_to_its_end(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("hello"))
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    hears(rig, 10)
    voice(rig)
    rig.say(brains.Say("this call is recorded", interruptible=False), brains.ReplyDone())
    says(rig, "wait please")
    hears(rig, 60)
    assert rig.memory.epoch == 2
    assert len(rig.tx.of(Clear)) == 1


# --- the agent's own voice ------------------------------------------------------------


def test_the_agents_own_words_do_not_interrupt_it_where_no_voice_was_heard(rig: AgentRig) -> None:
    speaks(rig)
    says(rig, "a very long story")
    rig.final("a very long story")
    assert rig.tx.of(Clear) == []
    assert rig.told == [brains.CallBegan()]


def test_the_echo_of_a_reply_that_a_key_has_broken_off_is_not_the_caller(rig: AgentRig) -> None:
    speaks(rig)
    rig.think_slowly()
    rig.tell(DigitPressed("5"))
    rig.say(brains.Say("one"))
    says(rig, "a very long story")
    rig.final("a very long story")
    assert rig.told == [brains.CallBegan(), brains.CallerPressed("5")]


def test_the_echo_of_a_filler_is_not_the_caller(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("what is the price", utterance=1)
    rig.advance(4.0)
    assert rig.spoken[-1] == "let me see"
    rig.final("let me see", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("what is the price")


def test_other_words_are_believed_though_no_voice_was_heard(rig: AgentRig) -> None:
    speaks(rig)
    says(rig, "a very short story")
    assert rig.tx.of(Clear) == [Clear(1)]


def test_a_caller_may_repeat_what_the_agent_says(rig: AgentRig) -> None:
    speaks(rig)
    voice(rig)
    quiet(rig, 0.5)
    rig.final("a very long story")
    assert rig.told[-1] == brains.CallerSaid("a very long story")


def test_the_echo_of_the_last_words_is_no_utterance(rig: AgentRig) -> None:
    rig.greeted()
    rig.advance(0.8)
    rig.final("for ever and ever")
    assert rig.told == [brains.CallBegan()]
    rig.advance(2.0)
    rig.final("for ever and ever")
    assert rig.told[-1] == brains.CallerSaid("for ever and ever")


@pytest.mark.parametrize("floor", ["speaking", "listening"])
def test_guesses_at_what_was_no_voice_are_nothing(rig: AgentRig, floor: str) -> None:
    rig.memory.words_are_guesses = True
    if floor == "speaking":
        speaks(rig)
    else:
        rig.greeted()
    says(rig, "read me the")
    rig.final("read me the hours")
    assert rig.tx.of(Clear) == []
    assert rig.told == [brains.CallBegan()]


# --- two utterances, one thought ------------------------------------------------------


def test_a_sentence_that_goes_on_before_its_answer_was_heard_is_one_thought(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("i would like a table", utterance=1)
    rig.advance(1.0)
    rig.final("for two", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("i would like a table for two", revises=True)
    assert rig.history[-1] == ("caller", "i would like a table for two")


def test_a_revision_of_its_second_half_keeps_the_first(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("i would like a table", utterance=1)
    rig.tell(FinalTranscript(2, "for", rig.clock.now(), early=True))
    rig.tell(FinalTranscript(2, "for two", rig.clock.now(), revises=True))
    assert rig.told[-1] == brains.CallerSaid("i would like a table for two", revises=True)


def test_a_key_between_two_sentences_parts_them(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("a table", utterance=1)
    rig.tell(DigitPressed("5"))
    rig.final("for two", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("for two")


def test_after_a_long_pause_it_is_another_thought(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("a table", utterance=1)
    rig.tell(PartialTranscript(2, "well now", rig.clock.now()))
    rig.advance(8.1)
    rig.final("well now", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("well now")


# --- fillers --------------------------------------------------------------------------


def test_a_brain_that_takes_long_is_covered_by_a_filler_that_is_no_part_of_the_answer(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    rig.advance(1.99)
    assert rig.spoken[1:] == []
    rig.advance(0.02)
    assert rig.spoken[1:] == ["let me see"]
    rig.say(brains.Say("ten"), brains.ReplyDone())
    rig.play()
    assert rig.spoken[1:] == ["let me see", "ten"]
    assert rig.history[-1] == ("agent", "ten")


def test_a_filler_is_no_answer_to_what_the_caller_goes_on_saying(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("i would like a table", utterance=1)
    rig.advance(2.01)
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    rig.final("for two", utterance=2)
    assert rig.told[-1] == brains.CallerSaid("i would like a table for two", revises=True)


def test_a_brain_that_answers_in_time_needs_no_filler(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("x")
    rig.advance(5.0)
    assert "let me see" not in rig.spoken


def test_a_filler_can_be_switched_off(rig: AgentRig) -> None:
    rig.set(filler_after_ms=0)
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    rig.advance(5.0)
    assert "let me see" not in rig.spoken


def test_what_is_kept_for_going_on_is_bounded(rig: AgentRig) -> None:
    rig.start()
    hears(rig, 300)  # and nobody says that they are on the wire
    sent = len(payloads(rig, 1))
    voice(rig, 0.0)
    quiet(rig, 1.0)
    rig.play()
    assert len(payloads(rig, 2)) == KEPT_FRAMES + FRAMES - sent
