"""The agent: greets, answers, falls silent with the caller, ends the call, measures itself."""

from collections.abc import Iterator

import pytest

from actors.messages import (
    Clear,
    FinalTranscript,
    FramesWanted,
    Hangup,
    MarkFlushed,
    OutboundFrame,
    PartialTranscript,
    PlaybackStarted,
    SayGoodbye,
    SpeechStarted,
    SpeechStopped,
    Transfer,
)
from actors.speaker import PLAYBACK_GRACE_S
from dialogue import ports as brains
from media.frame import FRAME_BYTES, FRAME_S
from speech import ports
from tests.support.agent import ENDINGS, AgentRig, final, key, partial, speech
from tests.support.context import HandBrain, logged, staged

pytestmark = pytest.mark.unit


@pytest.fixture
def rig() -> Iterator[AgentRig]:
    with staged(AgentRig) as stage:
        yield stage


# --- greeting and credit --------------------------------------------------------------


def test_the_greeting_is_queued_when_the_caller_is_connected_and_nothing_else_is_needed(
    rig: AgentRig,
) -> None:
    with logged() as lines:
        rig.start()
    assert rig.tx.messages[0] == OutboundFrame(rig.synthesizer.audio("hello")[:FRAME_BYTES], 1)
    assert lines == ["🔊 GREETING: queued"]
    assert rig.memory.greeted


def test_the_end_mark_of_the_greeting_is_its_own_and_its_echo_is_logged(rig: AgentRig) -> None:
    rig.start()
    with logged() as lines:
        rig.play()
    assert rig.marks_of(1)[-1].name == "greeting_end#1"
    assert lines == ["🔊 GREETING: played (greeting_end#1)"]


def test_tx_never_holds_more_than_the_target_and_the_whole_reply_arrives(rig: AgentRig) -> None:
    rig.brain.greeting = "a rather long greeting"
    rig.start()
    assert rig.tx.held == 16
    for held in (15, 8, 8, 3, 0, 16, 1):
        rig.tx.held = held
        rig.tell(FramesWanted())
        assert rig.tx.held == 16
    for _ in range(20):
        rig.pull()
        assert rig.tx.held <= 16
    assert rig.audio(1) == rig.synthesizer.audio("a rather long greeting")
    names = [mark.name for mark in rig.marks_of(1)]
    assert names == ["at1#1", "at25#1", "at50#1", "at75#1", "at100#1", "greeting_end#1"]


def test_several_texts_of_one_reply_are_one_playback(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("one"), brains.Say("two"), brains.ReplyDone())
    rig.play()
    assert rig.spoken == ["one", "two"]
    assert rig.history == [("agent", "one two")]
    assert {frame.epoch for frame in rig.tx.of(OutboundFrame)} == {1}


# --- answering ------------------------------------------------------------------------


def test_a_final_is_answered_in_a_playback_of_its_own(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("good morning")
    rig.play()
    assert rig.told[-1] == brains.CallerSaid("good morning")
    assert rig.audio(2) == rig.synthesizer.audio("you said good morning")
    assert rig.history == [
        ("agent", "hello"),
        ("caller", "good morning"),
        ("agent", "you said good morning"),
    ]


def test_speech_that_nobody_could_make_out_is_told_to_the_brain_and_not_remembered(
    rig: AgentRig,
) -> None:
    rig.greeted()
    rig.final("")
    assert rig.told[-1] == brains.CallerSaid("")
    assert [who for who, _ in rig.history] == ["agent", "agent"]


def test_an_empty_final_while_the_agent_speaks_is_let_pass(rig: AgentRig) -> None:
    rig.start()
    rig.final("")
    assert rig.told == [brains.CallBegan()]
    assert rig.tx.of(Clear) == []


def test_a_reply_that_failed_is_an_apology(rig: AgentRig) -> None:
    rig.think(HandBrain())
    rig.start()
    with logged() as lines:
        rig.say(brains.ReplyFailed("model timed out"))
    rig.play()
    assert rig.spoken == ["sorry"]
    assert lines == ["⚠️ [AGENT] No answer: model timed out"]
    assert rig.marks_of(1)[-1].name == "greeting_end#1"


def test_after_a_text_that_cannot_be_spoken_the_next_one_is(rig: AgentRig) -> None:
    rig.synthesizer.at_once = False
    rig.think(HandBrain())
    rig.start()
    rig.say(brains.Say("bad"), brains.Say("good"), brains.ReplyDone())
    with logged() as lines:
        rig.synthesizer.jobs[0].say(ports.SynthesisFailed("no voice"))
        rig.settle()
    assert lines == ["⚠️ [TTS] no voice"]
    rig.synthesizer.jobs[1].say(ports.AudioChunk(rig.synthesizer.audio("good")))
    rig.synthesizer.jobs[1].say(ports.SynthesisDone())
    rig.play()
    assert rig.audio(1).endswith(rig.synthesizer.audio("good"))
    assert rig.marks_of(1)[-1].name == "greeting_end#1"


def test_a_reply_that_cannot_be_spoken_at_all_is_apologised_for_once(rig: AgentRig) -> None:
    rig.synthesizer.at_once = False
    rig.start()
    for job in (0, 1):
        with logged():
            rig.synthesizer.jobs[job].say(ports.SynthesisFailed("no voice"))
            rig.settle()
    assert [job.text for job in rig.synthesizer.jobs] == [
        rig.brain.greeting,
        rig.brain.manners.apology,
    ]
    rig.play()
    assert rig.audio(2) == b""


def test_a_reply_is_cut_at_its_bound(rig: AgentRig) -> None:
    rig.set(reply_max_audio_s=1)
    rig.brain.greeting = "x" * 100
    rig.start()
    rig.play()
    assert rig.audio(1) == rig.synthesizer.audio("x" * 100)[: 50 * FRAME_BYTES]
    assert rig.marks_of(1)[-1].name == "greeting_end#1"


# --- the end of the call --------------------------------------------------------------

BOTH_ENDINGS = pytest.mark.parametrize(("words", "ending"), ENDINGS)


@BOTH_ENDINGS
def test_the_call_ends_only_when_the_last_words_were_heard(
    rig: AgentRig, words: str, ending: Hangup | Transfer
) -> None:
    rig.greeted()
    rig.final(words)
    rig.pull()
    assert rig.call.messages == []
    rig.play()
    assert rig.call.messages == [ending]


@BOTH_ENDINGS
def test_nothing_interrupts_the_last_words(
    rig: AgentRig, words: str, ending: Hangup | Transfer
) -> None:
    rig.greeted()
    rig.final(words)
    told = len(rig.told)
    for barge_in in (speech, partial, final, key):
        barge_in(rig)
    assert rig.tx.of(Clear) == []
    assert len(rig.told) == told
    rig.play()
    assert rig.call.messages == [ending]


@BOTH_ENDINGS
def test_a_lost_end_mark_does_not_keep_the_call(
    rig: AgentRig, words: str, ending: Hangup | Transfer
) -> None:
    rig.greeted()
    rig.final(words)
    rig.pull()
    rig.pull()
    unheard_s = len(rig.audio(2)) / FRAME_BYTES * FRAME_S
    rig.advance(unheard_s + PLAYBACK_GRACE_S - 0.01)
    assert rig.call.messages == []
    with logged() as lines:
        rig.advance(0.02)
    assert rig.call.messages == [ending]
    assert lines == ["⚠️ [TX] The end mark of playback 2 is lost"]


@pytest.mark.parametrize("mark", [MarkFlushed("said:1#2", 2), MarkFlushed("reply_end#1", 1)])
def test_a_mark_that_was_flushed_and_is_not_the_end_ends_nothing(
    rig: AgentRig, mark: MarkFlushed
) -> None:
    rig.greeted()
    rig.final("hang up")
    rig.pull()
    rig.tell(mark)
    assert rig.call.messages == []


def test_a_playback_whose_end_did_not_get_through_is_over(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("hang up")
    rig.pull()
    rig.tell(MarkFlushed("reply_end#2", 2))
    assert rig.call.messages == [Hangup("goodbye")]
    assert rig.memory.history[-1].text.endswith("…")


def test_an_overdue_playback_that_was_played_after_all_is_over_once(rig: AgentRig) -> None:
    rig.greeted()
    rig.final("hang up")
    rig.play()
    with logged() as lines:
        rig.advance(7)
    assert rig.call.messages == [Hangup("goodbye")]
    assert lines == []


def test_a_goodbye_of_our_own_interrupts_what_is_being_said(rig: AgentRig) -> None:
    rig.start()
    rig.tell(SayGoodbye("max_duration"))
    rig.play()
    assert rig.tx.of(Clear) == [Clear(1)]
    assert rig.spoken == ["hello", "bye"]
    assert rig.call.messages == [Hangup("max_duration")]


def test_two_goodbyes_are_one(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(SayGoodbye("max_duration"), SayGoodbye("stt_failed"))
    rig.play()
    assert rig.spoken == ["hello", "bye"]
    assert rig.call.messages == [Hangup("max_duration")]


# --- silence --------------------------------------------------------------------------


def test_a_silent_line_is_told_to_the_brain_after_its_patience(rig: AgentRig) -> None:
    rig.greeted()
    rig.advance(7.99)
    assert rig.told == [brains.CallBegan()]
    rig.advance(0.02)
    assert rig.told[1:] == [brains.CallerSilent()]
    rig.play()
    rig.advance(8.01)
    assert rig.told[2:] == [brains.CallerSilent()]


def test_the_silence_does_not_count_while_the_agent_speaks(rig: AgentRig) -> None:
    rig.brain.greeting = "x" * 400
    rig.start()
    for _ in range(100):
        rig.advance(0.3)
        rig.pull()
    assert rig.told == [brains.CallBegan()]


def test_the_silence_does_not_count_while_the_caller_speaks(rig: AgentRig) -> None:
    rig.greeted()
    rig.tell(SpeechStarted(rig.clock.now()))
    rig.advance(30)
    assert rig.told == [brains.CallBegan()]
    rig.tell(SpeechStopped(rig.clock.now()))
    rig.advance(8.01)
    assert rig.told[1:] == [brains.CallerSilent()]


def test_an_interruption_without_a_final_does_not_end_the_patience_for_ever(rig: AgentRig) -> None:
    rig.start()
    partial(rig)
    rig.advance(8.01)
    assert rig.told[1:] == [brains.CallerSilent()]


def test_words_that_the_border_did_not_hear_as_voice_count_as_speaking(rig: AgentRig) -> None:
    rig.greeted()
    for _ in range(3):
        rig.advance(6)
        partial(rig)
    assert rig.told == [brains.CallBegan()]


# --- latency --------------------------------------------------------------------------


def test_the_latencies_of_a_turn_are_logged_kept_and_exact(rig: AgentRig) -> None:
    rig.greeted()
    at = rig.clock.now()
    rig.tell(SpeechStarted(at))
    rig.tell(PartialTranscript(1, "hi", at + 0.31), SpeechStopped(at + 1.0))
    rig.tell(FinalTranscript(1, "hi", at + 1.25))
    with logged() as lines:
        rig.tell(PlaybackStarted(1, at + 1.3), PlaybackStarted(2, at + 1.5))
        rig.tell(PlaybackStarted(2, at + 9))
    (line,) = lines
    assert line.startswith("[LATENCY] partial=0.31s, final=0.25s, total=0.50s")
    (latency,) = rig.context.stats.latencies
    assert latency.total_s == pytest.approx(0.5)
    assert 'turn_latency_seconds_count{part="total"} 1.0' in rig.context.metrics.render().decode()
