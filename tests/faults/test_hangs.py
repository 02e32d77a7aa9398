"""Helpers that hang: a synthesiser or a brain that never answers costs a reply, not the call."""

from typing import Any

import pytest

from actors.messages import DigitPressed, Hangup, SayGoodbye
from dialogue import ports as brains
from speech.ports import AudioChunk
from tests.support.call import ManualCall
from tests.support.context import HandBrain, logged
from tests.support.engines import CountingSynthesizer, EchoBrain, EchoDialogue, word
from tests.support.faults import kill

pytestmark = pytest.mark.faults


def test_the_longest_call_ends_even_if_the_synthesiser_hangs(place_call: Any) -> None:
    call = place_call(synthesizer=CountingSynthesizer(at_once=False), max_call_s=30)
    with logged():
        call.quiet(30 + 25)
    assert call.ended


def test_a_second_rx_crash_ends_the_call_even_if_the_synthesiser_hangs(place_call: Any) -> None:
    call = place_call(synthesizer=CountingSynthesizer(at_once=False))
    with logged():
        call.quiet(1)
        kill(call, "rx")
        kill(call, "rx")
        call.quiet(25)
    assert call.ended


def test_a_brain_that_never_answers_is_apologised_for_and_asked_again(place_call: Any) -> None:
    class Mute(EchoBrain):
        def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> Any:
            if isinstance(event, brains.CallerSaid) and event.text == "w1":
                self.told.append(event)
                return HandBrain().respond(event, lambda _output: None)
            return super().respond(event, sink)

    call = place_call(dialogue=EchoDialogue(Mute()))
    call.quiet(2)
    with logged() as lines:
        call.hear(word(1))
        call.quiet(10)
    assert [job.text for job in call.synthesizer.jobs] == ["hello", "sorry"]
    assert any("hangs" in line for line in lines)
    call.hear(word(2))
    call.quiet(2)
    assert call.synthesizer.jobs[-1].text == "you said w2"


def test_synthesis_that_stalls_in_the_middle_does_not_leave_the_agent_speaking_for_ever(
    place_call: Any,
) -> None:
    call = place_call(synthesizer=CountingSynthesizer(at_once=False))
    call.quiet(0.1)
    call.synthesizer.jobs[0].say(AudioChunk(call.synthesizer.audio("he")))
    with logged():
        call.quiet(40)
    spoken = [job.text for job in call.synthesizer.jobs]
    assert spoken == ["hello", "sorry", "are you there", "sorry"]
    assert not call.ended


def test_an_ending_whose_last_words_hang_ends_the_call(place_call: Any) -> None:
    class Ends(EchoBrain):
        def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
            return [brains.Say("bye now"), brains.EndCall()]

    synthesizer = CountingSynthesizer(at_once=False)
    call = place_call(dialogue=EchoDialogue(Ends()), synthesizer=synthesizer)
    with logged():
        call.quiet(12)
    assert call.ended


@pytest.mark.parametrize("beats", range(32))
def test_a_key_pressed_at_any_moment_of_the_greeting_is_answered_in_full(
    place_call: Any, beats: int
) -> None:
    call = place_call()
    call.wait(beats * 0.02)
    call.line.agent.post(DigitPressed("5"))
    call.quiet(3)
    audio = call.synthesizer.audio("key 5")
    answer = [audio[at : at + 160] for at in range(0, len(audio), 160)]
    assert call.socket.media[-len(answer) :] == answer
    assert not call.actor("agent")._speaker.speaking


@pytest.mark.parametrize("beats", range(0, 32, 3))
def test_a_goodbye_asked_for_at_any_moment_of_the_greeting_ends_the_call(beats: int) -> None:
    call = ManualCall()
    call.wait(beats * 0.02)
    call.line.agent.post(SayGoodbye("drained"))
    call.quiet(5)
    assert call.ended


def test_a_reply_goes_on_once_a_slow_peer_takes_again(place_call: Any) -> None:
    call = place_call(dialogue=EchoDialogue(EchoBrain(greeting="x" * 20)))
    call.socket.owed = 1000
    call.quiet(0.5)
    call.socket.owed = 0
    call.quiet(3)
    assert call.socket.media != []


def test_nothing_is_sent_in_the_beat_of_the_close(place_call: Any) -> None:
    call = place_call(dialogue=EchoDialogue(EchoBrain(greeting="a" * 30)))
    call.wait(0.1)
    call.line.call.post(Hangup("goodbye"))
    call.wait(1)
    assert call.socket.kinds.endswith("x")
