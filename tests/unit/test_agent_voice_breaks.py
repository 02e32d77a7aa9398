"""The synthesiser breaks off in the middle: the caller is never left with half a sentence."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from actors.hang_watch import REPLY_TIMEOUT_S
from actors.messages import OutboundFrame
from actors.playback import TEXT_MAX_CHARS, TEXTS_MAX
from dialogue import ports as brains
from media.frame import FRAME_BYTES
from speech import ports
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, logged, staged
from tests.support.storyteller import quiet, voice

pytestmark = pytest.mark.unit

HALF = ports.AudioChunk(b"x" * FRAME_BYTES * 20)


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    with staged(AgentRig) as stage:
        stage.synthesizer.at_once = False
        stage.think(HandBrain())
        stage.start()
        yield stage


def breaks_off(rig: AgentRig, job: int = 0) -> None:
    rig.synthesizer.jobs[job].say(HALF)
    with logged():
        rig.synthesizer.jobs[job].say(ports.SynthesisFailed("stalled"))
        rig.settle()


def test_behind_half_a_sentence_the_caller_is_asked_to_say_it_again(rig: AgentRig) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    breaks_off(rig)
    assert rig.spoken == ["a long answer", "sorry"]


def test_half_an_apology_is_not_apologised_for(rig: AgentRig) -> None:
    rig.say(brains.Say("sorry"), brains.ReplyDone())
    breaks_off(rig)
    assert rig.spoken == ["sorry"]


def test_half_a_sentence_with_others_behind_it_is_let_pass(rig: AgentRig) -> None:
    rig.say(brains.Say("one"), brains.Say("two"), brains.ReplyDone())
    breaks_off(rig)
    assert rig.spoken == ["one", "two"]


def test_half_of_the_last_words_is_enough(rig: AgentRig) -> None:
    rig.say(brains.Say("goodbye"), brains.EndCall(), brains.ReplyDone())
    breaks_off(rig)
    rig.play()
    assert rig.spoken == ["goodbye"]
    assert rig.memory.ending is not None


def test_a_voice_that_stalls_is_given_up_so_long_after_its_last_frame_not_later(
    rig: AgentRig,
) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    rig.advance(7.0)
    rig.synthesizer.jobs[0].say(HALF)
    rig.settle()
    for _ in range(3):
        rig.pull()
    with logged():
        rig.advance(REPLY_TIMEOUT_S - 0.01)
        assert rig.spoken == ["a long answer"]
        rig.advance(0.02)
    assert rig.spoken == ["a long answer", "sorry"]


def test_the_end_mark_stands_behind_the_word_of_regret(rig: AgentRig) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    rig.synthesizer.jobs[0].say(HALF)
    rig.settle()
    for _ in range(3):
        rig.pull()
    with logged():
        rig.synthesizer.jobs[0].say(ports.SynthesisFailed("stalled"))
        rig.settle()
    assert not any(mark.name.startswith("greeting_end") for mark in rig.marks_of(1))
    rig.synthesizer.jobs[1].say(HALF)
    rig.synthesizer.jobs[1].say(ports.SynthesisDone())
    rig.settle()
    rig.play()
    assert rig.marks_of(1)[-1].name == "greeting_end#1"


def test_a_filler_that_cannot_be_spoken_costs_no_answer(rig: AgentRig) -> None:
    rig.brain.manners = replace(rig.brain.manners, filler="let me see")
    rig.final("how much is it")
    rig.advance(2.01)
    with logged():
        rig.synthesizer.jobs[-1].say(ports.SynthesisFailed("no"))
        rig.settle()
    rig.say(brains.Say("ten"), brains.ReplyDone())
    assert rig.spoken[-1] == "ten"


def test_a_reply_of_which_no_text_can_be_spoken_is_apologised_for_at_its_end(
    rig: AgentRig,
) -> None:
    rig.say(brains.Say("one"))
    with logged():
        rig.synthesizer.jobs[0].say(ports.SynthesisFailed("no"))
        rig.settle()
    assert rig.spoken == ["one"]
    rig.say(brains.ReplyDone())
    assert rig.spoken == ["one", "sorry"]


def test_a_crash_leaves_in_the_history_what_was_heard_and_what_is_said_again(
    rig: AgentRig,
) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    rig.crash()
    rig.start()
    assert rig.history == [("agent", "…"), ("agent", "a long answer")]


def test_half_a_sentence_before_the_brain_has_finished_is_apologised_for_when_it_has(
    rig: AgentRig,
) -> None:
    rig.say(brains.Say("a long answer"))
    breaks_off(rig)
    assert rig.spoken == ["a long answer"]
    rig.say(brains.ReplyDone())
    assert rig.spoken == ["a long answer", "sorry"]


# --- and the caller speaks ------------------------------------------------------------


def fails(rig: AgentRig, job: int) -> None:
    with logged():
        rig.synthesizer.jobs[job].say(ports.SynthesisFailed("no"))
        rig.settle()


@pytest.mark.parametrize("brain_is_done", [True, False])
def test_an_apology_for_a_reply_that_is_held_waits_until_it_goes_on(
    rig: AgentRig, *, brain_is_done: bool
) -> None:
    rig.say(brains.Say("a long answer"), *[brains.ReplyDone()] * brain_is_done)
    voice(rig)
    fails(rig, 0)
    if not brain_is_done:
        rig.say(brains.ReplyDone())
    rig.synthesizer.jobs[1].say(HALF)
    rig.synthesizer.jobs[1].say(ports.SynthesisDone())
    rig.settle()
    assert rig.spoken == ["a long answer", "sorry"]
    assert rig.tx.of(OutboundFrame) == []
    quiet(rig, 1.0)
    assert len(rig.tx.of(OutboundFrame)) == rig.tx.held > 0


def test_words_take_the_place_of_an_apology_that_waits(rig: AgentRig) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    voice(rig)
    fails(rig, 0)
    rig.final("how long is it")
    assert rig.tx.of(OutboundFrame) == []
    assert rig.told[-1] == brains.CallerSaid("how long is it")


def test_a_held_reply_that_cannot_even_be_apologised_for_is_over(rig: AgentRig) -> None:
    rig.say(brains.Say("a long answer"), brains.ReplyDone())
    voice(rig)
    fails(rig, 0)
    fails(rig, 1)
    quiet(rig, 1.0)
    rig.play()
    rig.advance(8.01)
    assert rig.told[-1] == brains.CallerSilent()


def test_last_words_that_cannot_be_spoken_end_the_call_at_once(rig: AgentRig) -> None:
    rig.say(brains.Say("goodbye"), brains.EndCall(), brains.ReplyDone())
    fails(rig, 0)
    assert rig.marks_of(1)[-1].name == "greeting_end#1"


# --- what the history says of it ------------------------------------------------------


def test_a_text_that_could_not_be_spoken_is_not_in_the_history(rig: AgentRig) -> None:
    rig.say(brains.Say("one"), brains.Say("two"), brains.ReplyDone())
    fails(rig, 0)
    rig.synthesizer.jobs[1].say(HALF)
    rig.synthesizer.jobs[1].say(ports.SynthesisDone())
    rig.play()
    assert rig.history == [("agent", "two …")]


def test_of_a_text_that_broke_off_the_history_has_the_words_that_were_heard(
    rig: AgentRig,
) -> None:
    rig.say(brains.Say("one two three four five six"), brains.Say("seven"), brains.ReplyDone())
    breaks_off(rig)
    rig.synthesizer.jobs[1].say(HALF)
    rig.synthesizer.jobs[1].say(ports.SynthesisDone())
    rig.play()
    assert rig.history == [("agent", "one seven …")]


def test_of_a_reply_beyond_its_bound_the_history_has_what_was_spoken(rig: AgentRig) -> None:
    rig.synthesizer.at_once = True
    rig.say(*[brains.Say(f"{number}") for number in range(TEXTS_MAX + 1)], brains.ReplyDone())
    for _ in range(20):
        rig.play()
    (line,) = [text for _, text in rig.history]
    assert line.endswith(f" {TEXTS_MAX - 1} …")


def test_of_a_text_beyond_its_bound_the_history_has_what_was_spoken(rig: AgentRig) -> None:
    rig.say(brains.Say("x" * TEXT_MAX_CHARS + " y"), brains.ReplyDone())
    rig.synthesizer.jobs[0].say(HALF)
    rig.synthesizer.jobs[0].say(ports.SynthesisDone())
    rig.play()
    assert "y" not in rig.history[0][1]
    assert rig.history[0][1].endswith(" …")


@pytest.mark.parametrize("own", ["apology", "filler and apology"])
def test_a_reply_of_as_many_texts_as_there_may_be_can_still_be_apologised_for(
    rig: AgentRig, own: str
) -> None:
    rig.say(brains.ReplyDone())
    rig.play()
    rig.synthesizer.at_once = True
    rig.synthesizer.frames_per_char = 1
    rig.brain.manners = replace(rig.brain.manners, filler="let me see")
    rig.final("how much is it")
    if own != "apology":
        rig.advance(2.01)
    with logged():
        rig.say(*[brains.Say("x")] * TEXTS_MAX, brains.ReplyFailed("too many outputs"))
        rig.play()
    assert rig.spoken[-1] == "sorry"
    assert rig.spoken.count("x") == TEXTS_MAX
