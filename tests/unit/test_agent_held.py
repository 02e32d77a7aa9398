"""The caller's voice holds the agent: words make it give up, anything else lets it go on."""

import pytest

from actors.floor import HELD_MAX_S, LATE_HELD_MAX_S, REQUEST_S
from actors.messages import (
    Clear,
    HearingLost,
    MarkPlayed,
    OutboundFrame,
    PlaybackStarted,
    SpeechStarted,
)
from actors.playback_frames import REWIND_FRAMES
from dialogue import ports as brains
from media.frame import FRAME_BYTES
from tests.support.agent import AgentRig
from tests.support.context import HandBrain, logged
from tests.support.storyteller import (
    FRAMES,
    STORY,
    hears,
    payloads,
    quiet,
    rig,
    says,
    speaks,
    voice,
)

pytestmark = pytest.mark.unit

__all__ = ["rig"]

# --- a cough --------------------------------------------------------------------------


def test_a_cough_silences_the_agent_at_once_and_it_goes_on_when_no_words_come(
    rig: AgentRig,
) -> None:
    speaks(rig)
    voice(rig)
    assert rig.tx.of(Clear) == [Clear(1)]
    sent = len(payloads(rig, 1))
    with logged() as lines:
        quiet(rig, 0.69)
        assert rig.memory.epoch == 1
        rig.advance(0.02)
    assert rig.memory.epoch == 2
    assert lines == ["↩️ [AGENT] No interruption: the agent goes on"]
    assert len(payloads(rig, 1)) == sent
    assert not rig.synthesizer.jobs[0].cancelled


def test_it_goes_on_a_little_before_where_the_caller_was_stopped(rig: AgentRig) -> None:
    speaks(rig, 100)
    voice(rig, 0.0)
    quiet(rig, 1.0)
    rig.play()
    whole = rig.synthesizer.audio(STORY)
    heard_again = b"".join(payloads(rig, 2))
    assert heard_again == whole[(100 - REWIND_FRAMES) * FRAME_BYTES :]


def test_every_frame_is_heard_once_the_rewound_ones_twice_however_often_it_is_held(
    rig: AgentRig,
) -> None:
    speaks(rig, 60)
    for _ in range(3):
        voice(rig, 0.0)
        quiet(rig, 1.0)
        rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
        hears(rig, 50)
    rig.play()
    whole = rig.synthesizer.audio(STORY)
    last = b"".join(payloads(rig, rig.memory.epoch))
    assert whole.endswith(last)
    begin = 60 - REWIND_FRAMES + 2 * (50 - REWIND_FRAMES)
    assert len(last) // FRAME_BYTES == FRAMES - begin
    assert rig.failures == []


def test_the_end_of_what_goes_on_is_the_end_of_the_playback(rig: AgentRig) -> None:
    speaks(rig)
    voice(rig)
    quiet(rig, 1.0)
    rig.play()
    assert rig.marks_of(2)[-1].name == "greeting_end#2"
    assert rig.memory.unheard == []
    assert rig.history == [("agent", STORY)]


def test_a_mark_of_before_the_hold_ends_nothing(rig: AgentRig) -> None:
    speaks(rig, FRAMES - 5)
    assert rig.marks_of(1)[-1].name == "greeting_end#1"
    voice(rig, 0.0)
    rig.tell(MarkPlayed("greeting_end#1", 1))
    assert rig.memory.unheard != []


def test_a_reply_that_was_heard_to_its_end_does_not_go_on(rig: AgentRig) -> None:
    speaks(rig, FRAMES + 20)
    voice(rig)
    quiet(rig, 1.0)
    assert rig.memory.epoch == 1
    assert rig.memory.unheard == []
    rig.advance(9)
    assert rig.told[-1] == brains.CallerSilent()


def test_a_cough_while_the_brain_thinks_costs_no_answer(rig: AgentRig) -> None:
    brain = rig.think(HandBrain())
    rig.start()
    voice(rig)
    assert rig.tx.of(Clear) == []
    rig.say(brains.Say("hello"), brains.ReplyDone())
    assert rig.tx.of(OutboundFrame) == []
    quiet(rig, 1.0)
    assert not brain.replies[0].cancelled
    rig.play()
    assert len(payloads(rig, 2)) == 25


def test_a_brain_goes_on_thinking_while_its_reply_is_held(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("one"))
    voice(rig)
    rig.say(brains.Say("two"), brains.ReplyDone())
    quiet(rig, 1.0)
    rig.play()
    assert rig.spoken == ["one", "two"]
    assert rig.history == [("agent", "one two")]


def test_what_was_heard_is_remembered_though_it_is_held_again_before_a_frame_of_the_rest(
    rig: AgentRig,
) -> None:
    speaks(rig, 100)
    voice(rig, 0.0)
    quiet(rig, 1.0)
    assert rig.memory.epoch == 2
    voice(rig, 0.0)
    says(rig, "wait please")
    heard = STORY[: int(len(STORY) * 100 / FRAMES)].rpartition(" ")[0]
    assert rig.history == [("agent", f"{heard} …")]


def test_held_again_at_once_it_goes_on_from_the_same_place(rig: AgentRig) -> None:
    speaks(rig, 100)
    for _ in range(3):
        voice(rig, 0.0)
        quiet(rig, 1.0)
    rig.play()
    last = b"".join(payloads(rig, rig.memory.epoch))
    assert len(last) // FRAME_BYTES == FRAMES - (100 - REWIND_FRAMES)


# --- words ----------------------------------------------------------------------------


def test_words_after_the_voice_end_the_reply_for_good(rig: AgentRig) -> None:
    speaks(rig, 100)
    voice(rig)
    says(rig, "wait please")
    assert rig.tx.of(Clear) == [Clear(1)]
    quiet(rig, 5.0)
    assert rig.memory.epoch == 1
    heard = STORY[: int(len(STORY) * 100 / FRAMES)].rpartition(" ")[0]
    assert rig.history == [("agent", f"{heard} …")]


def test_a_final_without_a_partial_before_it_is_answered(rig: AgentRig) -> None:
    speaks(rig)
    voice(rig)
    rig.final("how long is it")
    assert rig.told[-1] == brains.CallerSaid("how long is it")
    assert rig.memory.epoch == 2


def test_a_voice_of_which_nobody_could_make_out_a_word_lets_it_go_on_at_once(
    rig: AgentRig,
) -> None:
    speaks(rig)
    voice(rig)
    quiet(rig)
    rig.final("")
    assert rig.memory.epoch == 2
    assert not any(isinstance(event, brains.CallerSaid) for event in rig.told)


@pytest.mark.parametrize("word", ["mhm", "Yes.", "yes, yes", "mhm mhm"])
def test_a_backchannel_costs_no_reply(rig: AgentRig, word: str) -> None:
    speaks(rig)
    voice(rig)
    says(rig, word)
    assert rig.memory.epoch == 1
    quiet(rig)
    rig.final(word)
    assert rig.memory.epoch == 2
    rig.advance(3.0)
    assert rig.memory.epoch == 2
    assert rig.told == [brains.CallBegan()]


def test_a_backchannel_that_goes_on_is_an_objection(rig: AgentRig) -> None:
    speaks(rig)
    voice(rig)
    says(rig, "yes")
    says(rig, "yes but")
    quiet(rig, 5.0)
    assert rig.memory.epoch == 1
    rig.final("yes but how")
    assert rig.told[-1] == brains.CallerSaid("yes but how")


def test_yes_to_the_question_at_the_end_of_a_reply_is_its_answer(rig: AgentRig) -> None:
    speaks(rig, FRAMES - 40)
    voice(rig)
    quiet(rig)
    rig.final("yes")
    assert rig.told[-1] == brains.CallerSaid("yes")


def test_yes_while_the_agent_listens_is_an_answer(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("yes")
    assert rig.told[-1] == brains.CallerSaid("yes")


def test_fewer_words_than_are_asked_for_do_not_interrupt(rig: AgentRig) -> None:
    rig.set(barge_in_min_words=3)
    speaks(rig)
    says(rig, "wait please")
    assert rig.tx.of(Clear) == []
    says(rig, "wait please stop")
    assert rig.tx.of(Clear) == [Clear(1)]


# --- how long it is held --------------------------------------------------------------


def test_a_noise_that_never_becomes_words_holds_the_agent_for_a_limited_time(
    rig: AgentRig,
) -> None:
    speaks(rig)
    voice(rig, HELD_MAX_S - 0.01)
    assert rig.memory.epoch == 1
    rig.advance(0.02)
    assert rig.memory.epoch == 2


def test_a_voice_that_begins_again_has_time_for_its_words(rig: AgentRig) -> None:
    speaks(rig)
    voice(rig)
    quiet(rig, 0.5)
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.advance(0.6)
    assert rig.memory.epoch == 1
    quiet(rig, 0.71)
    assert rig.memory.epoch == 2


@pytest.mark.parametrize("why", ["late", "lost"])
def test_where_words_come_late_they_are_waited_for(rig: AgentRig, why: str) -> None:
    rig.memory.words_after_s = REQUEST_S if why == "late" else 0.0
    speaks(rig)
    if why == "lost":
        rig.tell(HearingLost())
    voice(rig, LATE_HELD_MAX_S - 0.1)
    assert rig.memory.epoch == 1
    quiet(rig, REQUEST_S - 0.01)
    assert rig.memory.epoch == 1
    rig.advance(0.02)
    assert rig.memory.epoch == 2


def test_where_words_come_late_a_guess_at_them_costs_no_reply(rig: AgentRig) -> None:
    rig.memory.words_after_s = 1.2
    speaks(rig)
    voice(rig)
    says(rig, "are you")
    quiet(rig)
    rig.final("")
    assert rig.memory.epoch == 2
    assert rig.told == [brains.CallBegan()]


def test_a_held_reply_does_not_count_as_hanging(rig: AgentRig) -> None:
    rig.memory.words_after_s = REQUEST_S
    speaks(rig)
    with logged() as lines:
        voice(rig, 12.0)
    assert lines == []


def test_a_murmur_while_the_brain_thinks_costs_no_answer(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    rig.final("mhm", utterance=2)
    rig.say(brains.Say("ten"), brains.ReplyDone())
    assert rig.told[1:] == [brains.CallerSaid("how much is it")]
    assert rig.spoken[-1] == "ten"


def test_a_murmur_between_two_sentences_of_a_slow_brain_costs_no_answer(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    rig.say(brains.Say("ten"))
    rig.final("mhm", utterance=2)
    assert len(rig.told) == 2


def test_last_words_are_not_held(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("goodbye"))
    voice(rig)
    rig.say(brains.EndCall(), brains.ReplyDone())
    rig.play()
    assert rig.memory.epoch == 2
    assert [type(message).__name__ for message in rig.call.messages] == ["Hangup"]


def test_a_reply_held_before_its_first_frame_is_heard_when_it_goes_on(rig: AgentRig) -> None:
    rig.greeted()
    rig.think_slowly()
    rig.final("how much is it")
    voice(rig)
    rig.say(brains.Say("ten"), brains.ReplyDone())
    quiet(rig, 1.0)
    rig.tell(PlaybackStarted(rig.memory.epoch, rig.clock.now()))
    assert rig.memory.turn is not None
    assert rig.memory.turn.spoken
