"""The synthesiser breaks off in the middle: the caller is never left with half a sentence."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from actors.speaker import REPLY_TIMEOUT_S
from dialogue import ports as brains
from media.frame import FRAME_BYTES
from speech import ports
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, logged, staged

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
