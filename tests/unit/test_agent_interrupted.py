"""The agent interrupted, by its caller or by a crash: it stops at once and forgets nothing."""

from collections.abc import Iterator
from typing import Any

import pytest

from actors.messages import (
    Clear,
    Hangup,
    Mark,
    MarkFlushed,
    MarkPlayed,
    OutboundFrame,
    PartialTranscript,
    SayGoodbye,
    SpeechStarted,
    SpeechStopped,
    Transfer,
)
from dialogue import ports as brains
from media.frame import FRAME_BYTES
from speech import ports
from tests.support.agent import ENDINGS, AgentRig, final, key, partial, speech
from tests.support.context import HandBrain, logged, staged

pytestmark = pytest.mark.unit


BOTH_ENDINGS = pytest.mark.parametrize(("words", "ending"), ENDINGS)


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    with staged(AgentRig) as stage:
        yield stage


# --- barge-in -------------------------------------------------------------------------


BARGE_INS = pytest.mark.parametrize("barge_in", [speech, partial, final, key])
"""What makes the agent silent at once."""

MEANT = pytest.mark.parametrize("barge_in", [partial, final, key])
"""What makes it give up what it was saying."""


@BARGE_INS
def test_the_caller_interrupts_the_agent_at_once(rig: AgentRig, barge_in: Any) -> None:
    rig.start()
    barge_in(rig)
    assert rig.tx.of(Clear) == [Clear(1)]
    before = len(rig.audio(1))
    rig.pull()
    assert len(rig.audio(1)) == before


@MEANT
def test_an_interruption_cancels_the_thinking_and_the_speaking(
    rig: AgentRig, barge_in: Any
) -> None:
    rig.synthesizer.at_once = False
    brain = rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("a long story"))
    barge_in(rig)
    assert brain.replies[0].cancelled
    assert rig.synthesizer.jobs[0].cancelled


@MEANT
def test_what_the_old_playback_still_gets_after_an_interruption_is_ignored(
    rig: AgentRig, barge_in: Any
) -> None:
    rig.synthesizer.at_once = False
    brain = rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("a long story"))
    barge_in(rig)
    brain.sinks[0](brains.Say("old news"))
    brain.sinks[0](brains.EndCall())
    brain.sinks[0](brains.ReplyDone())
    rig.synthesizer.jobs[0].sink(ports.AudioChunk(b"x" * FRAME_BYTES))
    rig.tell(MarkPlayed("greeting_end#1", 1), MarkFlushed("at25#1", 1))
    assert rig.tx.of(OutboundFrame, Mark) == []
    assert rig.memory.ending is None
    assert rig.call.messages == []
    assert rig.spoken == ["a long story"]
    assert rig.failures == []


@MEANT
def test_the_memory_keeps_only_the_words_that_marks_prove_heard(
    rig: AgentRig, barge_in: Any
) -> None:
    rig.brain.greeting = "hello dear caller and welcome"
    rig.start()
    for _ in range(6):
        rig.pull()
    rig.tell(MarkPlayed("at25#1", 1), MarkPlayed("at50#1", 1))
    barge_in(rig)
    assert rig.history[0] == ("agent", "hello …")


def test_a_reply_of_which_nothing_was_heard_is_remembered_as_just_that(rig: AgentRig) -> None:
    rig.start()
    key(rig)
    assert rig.history[0] == ("agent", "…")


def test_a_cough_that_is_never_confirmed_does_not_interrupt(rig: AgentRig) -> None:
    rig.start()
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.advance(0.150)
    rig.tell(SpeechStopped(rig.clock.now()))
    rig.advance(1)
    assert rig.tx.of(Clear) == []


def test_a_voice_that_outlasts_the_playback_does_not_interrupt_the_next_one(rig: AgentRig) -> None:
    rig.start()
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.play()
    rig.final("hello")
    rig.advance(1)
    assert rig.tx.of(Clear) == []


def test_an_empty_partial_does_not_interrupt(rig: AgentRig) -> None:
    rig.start()
    rig.tell(PartialTranscript(1, "", rig.clock.now()))
    assert rig.tx.of(Clear) == []


def test_an_answer_after_an_interruption_has_a_newer_epoch_than_the_clear(rig: AgentRig) -> None:
    rig.start()
    rig.final("wait")
    rig.pull()
    (clear,) = rig.tx.of(Clear)
    assert {frame.epoch for frame in rig.tx.of(OutboundFrame)} == {clear.epoch, clear.epoch + 1}


def test_a_key_is_logged_masked_unless_it_may_be_shown(rig: AgentRig) -> None:
    rig.start()
    with logged() as lines:
        key(rig)
    assert lines == ["🔢 [DTMF] *"]


def test_a_key_is_shown_where_the_setting_allows_it(rig: AgentRig) -> None:
    rig.set(log_transcripts=True)
    rig.start()
    with logged() as lines:
        key(rig)
    assert lines == ["🔢 [DTMF] 5"]
    assert rig.told[-1] == brains.CallerPressed("5")


# --- successors -----------------------------------------------------------------------


def test_a_successor_says_again_what_was_not_heard_and_does_not_greet_twice(
    rig: AgentRig,
) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("hello"), brains.Say("how are you"), brains.ReplyDone())
    for _ in range(4):
        rig.pull()
    rig.tell(MarkPlayed("at25#1", 1))
    rig.crash()
    rig.start()
    assert rig.tx.of(Clear) == [Clear(1)]
    rig.play()
    assert len(rig.told) == 1
    assert rig.audio(2) == rig.synthesizer.audio("how are you")
    assert rig.marks_of(2)[-1].name == "reply_end#2"


def test_a_successor_of_an_agent_that_was_quiet_says_nothing_and_listens(rig: AgentRig) -> None:
    rig.greeted()
    rig.crash()
    rig.start()
    rig.advance(7.99)
    assert rig.spoken == ["hello"]
    rig.advance(0.02)
    assert rig.told[1:] == [brains.CallerSilent()]
    assert rig.memory.epoch == 2


def test_a_successor_does_not_say_again_what_the_caller_had_interrupted(rig: AgentRig) -> None:
    rig.start()
    partial(rig)
    rig.crash()
    rig.start()
    assert rig.spoken == ["hello"]


@pytest.mark.parametrize("asks", [final, key])
def test_a_successor_apologises_for_a_question_that_was_not_answered(
    rig: AgentRig, asks: Any
) -> None:
    brain = rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("hello"), brains.ReplyDone())
    rig.play()
    asks(rig)
    rig.crash()
    assert brain.replies[1].cancelled
    brain.sinks[1](brains.Say("too late"))
    rig.start()
    rig.play()
    assert rig.spoken == ["hello", "sorry"]


def test_a_final_that_waited_for_the_successor_is_answered_and_not_apologised_for(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.crash()
    rig.final("are you there")
    rig.start()
    rig.play()
    assert rig.spoken == ["hello", "you said are you there"]
    assert rig.audio(2) == rig.synthesizer.audio("you said are you there")
    assert all(clear.epoch < 2 for clear in rig.tx.of(Clear))


@BOTH_ENDINGS
def test_a_successor_finishes_the_last_words_and_ends_the_call(
    rig: AgentRig, words: str, ending: Hangup | Transfer
) -> None:
    rig.greeted()
    rig.final(words)
    rig.crash()
    rig.start()
    key(rig)
    rig.play()
    assert rig.spoken == ["hello", "ok", "ok"]
    assert rig.call.messages == [ending]


def test_a_successor_resumes_a_goodbye_of_our_own(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(SayGoodbye("max_duration"))
    rig.crash()
    rig.start()
    rig.play()
    assert rig.spoken == ["hello", "bye", "bye"]
    assert rig.call.messages == [Hangup("max_duration")]


def test_a_stop_cancels_reply_synthesis_and_timers(rig: AgentRig) -> None:
    rig.synthesizer.at_once = False
    brain = rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("a long story"))
    rig.stop()
    assert brain.replies[0].cancelled
    assert rig.synthesizer.jobs[0].cancelled
    assert rig.clock.pending == 0
