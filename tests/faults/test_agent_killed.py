"""The agent killed: it goes on where it was, and owes the caller no answer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.outcome import HungUp
from dialogue import ports as brains
from tests.support.brains import MANNERS
from tests.support.call import ManualCall
from tests.support.engines import CountingSynthesizer, EchoBrain, EchoDialogue, ScriptedReply, word
from tests.support.faults import (
    Boom,
    actors,
    count,
    kill,
    log_lines,
    missing,
    raise_once,
    words,
)

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]

GREETING = "good morning to you"


class SilentBrain(EchoBrain):
    """Greets, and thinks about everything else for ever."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        return super()._outputs(event) if isinstance(event, brains.CallBegan) else []

    def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> ScriptedReply:
        if isinstance(event, brains.CallBegan):
            return super().respond(event, sink)
        self.told.append(event)
        return super().respond(event, lambda _output: None)


class TwoTexts(EchoBrain):
    """Answers in two sentences."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        if isinstance(event, brains.CallerSaid):
            return [brains.Say("first sentence"), brains.Say("second sentence")]
        return super()._outputs(event)


class Lawyer(EchoBrain):
    """Begins with something that must be heard."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        if isinstance(event, brains.CallBegan):
            return [brains.Say(self.greeting, interruptible=False)]
        return super()._outputs(event)


def _place(place_call: PlaceCall, brain: EchoBrain | None = None) -> ManualCall:
    return place_call(dialogue=EchoDialogue(brain or EchoBrain(greeting=GREETING)))


def _spoken(call: ManualCall) -> list[str]:
    return [job.text for job in call.synthesizer.jobs]


def _poisoned(text: str) -> EchoBrain:
    """A brain that dies of one text."""

    def die(event: brains.CallerEvent) -> None:
        if event == brains.CallerSaid(text):
            raise Boom

    return EchoBrain(on_event=die)


def _answers(call: ManualCall, number: int) -> None:
    """The caller speaks and hears the whole answer."""
    call.hear(word(number))
    call.quiet(3)
    assert words(call)[-1] == f"w{number}"
    answer = _frames_of(f"you said w{number}")
    assert call.socket.media[-len(answer) :] == answer


@pytest.mark.parametrize("error", [None, asyncio.CancelledError(), KeyboardInterrupt(), Boom()])
@pytest.mark.parametrize("beats", range(3, 95, 4))
def test_killed_while_it_greets_it_says_the_rest_and_answers(
    place_call: PlaceCall, beats: int, error: BaseException | None
) -> None:
    call = _place(place_call)
    others = actors(call, "agent")
    call.wait(beats * 0.02)
    kill(call, "agent", error)
    call.quiet(3)
    assert _spoken(call) == [GREETING, GREETING]
    assert call.socket.media[-95:] == _frames_of(GREETING)
    assert call.socket.kinds.count("c") == 1
    assert actors(call, "agent") == others
    _answers(call, 7)
    assert missing(call) == {}


def test_killed_in_the_second_text_it_does_not_repeat_the_first(place_call: PlaceCall) -> None:
    call = _place(place_call, TwoTexts())
    call.quiet(2)
    call.hear(word(1))
    call.quiet(2.4)
    kill(call, "agent")
    call.quiet(3)
    assert _spoken(call)[1:] == ["first sentence", "second sentence", "second sentence"]


def test_killed_in_the_first_text_it_says_both(place_call: PlaceCall) -> None:
    call = _place(place_call, TwoTexts())
    call.quiet(2)
    call.hear(word(1))
    call.quiet(0.7)
    kill(call, "agent")
    call.quiet(5)
    assert _spoken(call)[1:] == ["first sentence", "second sentence"] * 2


def test_crashed_by_the_synthesiser_it_says_the_text_after_all(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    raise_once(call.synthesizer, "synthesize", Boom())
    call.hear(word(5))
    call.quiet(3)
    assert count(call, "child_restarts_total", child="agent") == 1
    assert words(call) == ["w5"]
    answer = _frames_of("you said w5")
    assert call.socket.media[-len(answer) :] == answer


def test_crashed_by_the_synthesiser_before_the_first_word_it_still_greets(
    place_call: PlaceCall,
) -> None:
    synthesizer = CountingSynthesizer()
    raise_once(synthesizer, "synthesize", Boom())
    call = place_call(synthesizer=synthesizer, dialogue=EchoDialogue(EchoBrain(greeting=GREETING)))
    call.quiet(3)
    assert count(call, "child_restarts_total", child="agent") == 1
    assert call.socket.media == _frames_of(GREETING)


def test_killed_after_the_greeting_was_heard_it_does_not_greet_again(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    kill(call, "agent")
    call.quiet(3)
    assert _spoken(call) == [GREETING]
    _answers(call, 3)


def test_killed_while_the_brain_thinks_it_asks_to_say_it_again(place_call: PlaceCall) -> None:
    call = _place(place_call, SilentBrain(replace(MANNERS, apology="sorry, once more")))
    call.quiet(2)
    call.hear(word(1))
    call.quiet(1)
    assert _spoken(call) == ["hello"]
    kill(call, "agent")
    call.quiet(1)
    assert _spoken(call) == ["hello", "sorry, once more"]


def test_the_brains_late_answer_to_the_dead_is_not_spoken(place_call: PlaceCall) -> None:
    sinks: list[brains.BrainSink] = []

    class LateBrain(SilentBrain):
        def respond(self, event: brains.CallerEvent, sink: brains.BrainSink) -> ScriptedReply:
            sinks.append(sink)
            return super().respond(event, sink)

    call = _place(place_call, LateBrain())
    call.quiet(2)
    call.hear(word(1))
    call.quiet(0.5)
    kill(call, "agent")
    sinks[1](brains.Say("too late"))
    call.quiet(1)
    assert "too late" not in _spoken(call)


def test_a_poison_transcript_is_apologised_for_and_the_next_one_answered(
    place_call: PlaceCall,
) -> None:
    call = _place(place_call, _poisoned("w6"))
    call.quiet(2)
    call.hear(word(6))
    call.quiet(2)
    assert _spoken(call) == ["hello", "sorry"]
    assert count(call, "child_restarts_total", child="agent") == 1
    _answers(call, 7)


def test_what_waits_for_a_dead_agent_is_answered_by_its_successor(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    call.hear(word(4))
    call.parts.agent.detach()
    call.hear(word(5)[:3])
    call.parts.agent.attach(call.parts.children["agent"].ref._actor_weakref())
    kill(call, "agent")
    call.hear(word(5)[3:])
    call.quiet(3)
    assert words(call) == ["w4", "w5"]
    assert call.socket.media[-55:] == _frames_of("you said w5")


@pytest.mark.parametrize("waits_for", ["the notice", "the successor"])
def test_killed_in_a_notice_it_says_it_again_and_then_answers_what_waited(
    place_call: PlaceCall, waits_for: str
) -> None:
    call = _place(place_call, Lawyer(greeting=GREETING))
    call.wait(0.2)
    call.hear(word(5)[:3])
    if waits_for == "the successor":
        call.parts.agent.detach()
    call.hear(word(5)[3:])
    call.quiet(0.1)
    if waits_for == "the successor":
        call.parts.agent.attach(call.parts.children["agent"].ref._actor_weakref())
    assert words(call) == []
    kill(call, "agent")
    call.quiet(6)
    assert _spoken(call) == [GREETING, GREETING, "you said w5"]
    answer = _frames_of("you said w5")
    assert call.socket.media[-len(answer) :] == answer


def test_the_silence_prompt_still_comes_after_a_restart(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    kill(call, "agent")
    call.quiet(9)
    assert _spoken(call)[-1] == "are you there"


@pytest.mark.parametrize("said", ["hang up", "transfer"])
def test_killed_in_its_last_words_it_still_ends_the_call(place_call: PlaceCall, said: str) -> None:
    class LastWords(EchoBrain):
        def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
            if isinstance(event, brains.CallerSaid):
                return super()._outputs(brains.CallerSaid(said))
            return super()._outputs(event)

    call = _place(place_call, LastWords())
    call.quiet(2)
    call.hear(word(1))
    call.quiet(0.1)
    kill(call, "agent")
    call.quiet(2)
    assert _spoken(call) == ["hello", "ok", "ok"]
    assert call.ended


def test_a_second_crash_says_goodbye_and_hangs_up(place_call: PlaceCall) -> None:
    call = _place(place_call)
    call.quiet(3)
    kill(call, "agent")
    call.quiet(1)
    with log_lines("ERROR") as lines:
        kill(call, "agent")
    assert len([line for line in lines if "agent crashed, no restart" in line]) == 1
    call.quiet(2)
    assert _spoken(call)[-1] == "bye"
    assert call.socket.media[-15:] == _frames_of("bye")
    assert call.socket.closed == "agent_failed"
    assert call.ended
    assert call.root.outcome("CA1") == HungUp()


def test_a_third_crash_closes_the_socket(place_call: PlaceCall) -> None:
    call = _place(place_call)
    for _ in range(3):
        call.quiet(0.2)
        kill(call, "agent")
    call.wait(1)
    assert call.socket.closed == "agent_failed"
    assert call.ended


def test_a_brain_that_dies_of_every_text_ends_with_goodbye(place_call: PlaceCall) -> None:
    call = _place(place_call, _poisoned("w6"))
    call.quiet(2)
    for _ in range(2):
        call.hear(word(6))
        call.quiet(2)
    assert _spoken(call) == ["hello", "sorry", "bye"]
    assert call.ended


def test_a_brain_that_dies_of_the_greeting_ends_with_goodbye(place_call: PlaceCall) -> None:
    def die(event: brains.CallerEvent) -> None:
        raise Boom

    call = _place(place_call, EchoBrain(on_event=die))
    call.quiet(2)
    assert _spoken(call) == ["bye"]
    assert call.ended


def _frames_of(text: str) -> list[bytes]:
    audio = CountingSynthesizer().audio(text)
    return [audio[start : start + 160] for start in range(0, len(audio), 160)]
