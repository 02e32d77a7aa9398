"""A recorded call runs again, step by step, to the same outputs; or it is said where not."""

import gc
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.clock import ManualClock
from actors.messages import DigitPressed
from actors.outcome import Outcome, Told
from call_log import Recordings
from dialogue import ports as brains
from replay.codec import RecordingError, encode
from replay.lines import read_recording
from replay.recorder import call_recorder
from tests.support.call import ManualCall, settings
from tests.support.engines import EchoBrain, EchoDialogue, NumberedRecognizer, word
from tests.support.recorded import recorded_call, recording_in, replayed, speak

pytestmark = pytest.mark.faults

PlaceCall = Callable[..., ManualCall]


def ordinary_talk(call: ManualCall) -> None:
    """A question in which the stream fails, an interruption, a key."""
    call.quiet(2)
    speak(call, 1)
    call.recognizer.streams[-1].fail("UNAVAILABLE")
    call.hear(word(2))
    call.quiet(0.6)
    speak(call, 3)
    call.quiet(3)
    call.line.agent.post(DigitPressed("7"))
    call.quiet(2)


def test_a_call_whose_recogniser_restarts_replays_in_step_twenty_times_of_twenty(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    recording = recording_in(tmp_path)
    assert sum(line.kind == "stt_open" for line in recording.lines) == 2
    verdicts = [replayed(recording) for _ in range(20)]
    assert {verdict.difference for verdict in verdicts} == {None}
    assert {verdict.departure for verdict in verdicts} == {None}
    assert {verdict.same for verdict in verdicts} == {verdicts[0].same}
    assert verdicts[0].same > len(call.socket.sent)


def test_a_clock_that_moves_on_within_a_turn_says_the_same_again(
    place_call: PlaceCall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def creeping(clock: ManualClock) -> float:
        clock._now += 0.000137
        return clock._now

    with monkeypatch.context() as patch:
        patch.setattr(ManualClock, "now", creeping)
        with recorded_call(tmp_path, place=place_call) as call:
            ordinary_talk(call)
    recording = recording_in(tmp_path)
    assert sum(bool(line.reads) for line in recording.lines) > 100
    verdict = replayed(recording)
    assert (verdict.difference, verdict.departure) == (None, None)


class ToolUser(EchoDialogue):
    """A dialogue whose brain uses a tool whenever the test wants it to."""

    facts: brains.CallFacts

    def new_brain(self, call: brains.CallFacts) -> EchoBrain:
        self.facts = call
        return super().new_brain(call)


def test_a_call_whose_model_used_a_tool_replays_in_step(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    dialogue = ToolUser()
    with recorded_call(tmp_path, place=place_call, dialogue=dialogue) as call:
        speak(call, 1)
        dialogue.facts.on_tool(brains.ToolUsed("look_up", "done", 12.5, '{"a": 1}'))
        ordinary_talk(call)
    recording = recording_in(tmp_path)
    (used,) = [line.content for line in recording.lines if line.kind == "tool"]
    assert used == ["tool", ["ToolUsed", "look_up", "done", 12.5, '{"a": 1}']]
    notes = [line.content[1] for line in recording.lines if line.kind == "note"]
    assert notes.count("tool") == 1
    verdict = replayed(recording)
    assert (verdict.difference, verdict.departure) == (None, None)


def test_what_the_caller_was_sent_is_what_is_compared(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    kinds = [line.kind for line in recording_in(tmp_path).lines]
    sent = [kind for kind in kinds if kind in {"media", "mark", "clear", "close"}]
    assert sent == [kind for kind, _ in call.socket.sent]


class Carrier:
    """Answers at once, before the question has been put."""

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        told(Told.FAILED, "no")


class Fussy(EchoBrain):
    """Collects digits, leaves a note, and fails when it is told to."""

    def _outputs(self, event: brains.CallerEvent) -> list[brains.BrainOutput]:
        match event:
            case brains.CallerSaid(text="w4"):
                return [brains.LeaveNote("a note"), brains.CollectDigits(2), brains.Say("keys")]
            case brains.CallerSaid(text="w5"):
                return [brains.ReplyFailed("scripted")]
            case brains.CallerSaid(text="w6"):
                return [brains.Say("ok"), brains.TransferCall("+15550100")]
            case _:
                return super()._outputs(event)


def talk_with_digits(call: ManualCall) -> None:
    call.quiet(2)
    speak(call, 4)
    call.quiet(2)
    for digit in "12":
        call.line.agent.post(DigitPressed(digit))
        call.quiet(0.2)
    call.quiet(2)
    speak(call, 5)
    call.quiet(2)
    speak(call, 6)
    call.quiet(3)


def talk_that_is_held(call: ManualCall) -> None:
    """The caller's voice without words: the agent falls silent and goes on."""
    call.quiet(0.3)
    speak(call, 127 % 120, meant=True)
    call.quiet(3)


def talk_in_bursts(call: ManualCall) -> None:
    """Frames that come at once after a gap, and a line that says nothing for a while."""
    call.quiet(1)
    call.advance(0.4)
    for number in range(3):
        for payload in word(number + 1, 8):
            call.line.rx.post(_frame(call, payload))
    call.settle()
    call.wait(1.5)
    call.quiet(1)


def _frame(call: ManualCall, payload: bytes) -> Any:
    from actors.messages import InboundFrame  # noqa: PLC0415

    call.media_ms += 20
    return InboundFrame(payload, call.media_ms, True, call.clock.now())


def talk_to_a_slow_phone(call: ManualCall) -> None:
    """The phone takes nothing for a while: frames are dropped in front of its socket."""
    call.quiet(0.2)
    call.socket.owed = 500
    call.quiet(0.2)
    call.socket.owed = 3
    call.quiet(2)
    speak(call, 1)
    call.quiet(2)


def talk_that_is_asked_piece_by_piece(call: ManualCall) -> None:
    """Streams fail too often: single requests."""
    call.quiet(1)
    call.recognizer.behave(*["UNAVAILABLE"] * 8)
    call.recognizer.streams[-1].fail("UNAVAILABLE")
    call.quiet(3)
    speak(call, 1, 2, 3)
    call.quiet(6)


TALKS: list[tuple[Callable[[ManualCall], None], dict[str, Any]]] = [
    (ordinary_talk, {"filler_after_ms": 0}),
    (talk_with_digits, {"dialogue": EchoDialogue(Fussy()), "control": Carrier()}),
    (talk_that_is_held, {"dialogue": EchoDialogue(EchoBrain(greeting="a long greeting"))}),
    (talk_in_bursts, {}),
    (talk_to_a_slow_phone, {}),
    (talk_that_is_asked_piece_by_piece, {}),
    (ordinary_talk, {"use_streaming_stt": False, "recognizer": NumberedRecognizer()}),
]


@pytest.mark.parametrize(("talk", "arguments"), TALKS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_kind_of_call_replays_in_step(
    place_call: PlaceCall,
    tmp_path: Path,
    talk: Callable[[ManualCall], None],
    arguments: dict[str, Any],
) -> None:
    with recorded_call(tmp_path, place=place_call, **arguments) as call:
        if arguments.get("use_streaming_stt", True):
            talk(call)
        else:
            speak(call, 1, 2)
            call.quiet(4)
    recording = recording_in(tmp_path)
    verdict = replayed(recording)
    assert (verdict.difference, verdict.departure) == (None, None)
    assert verdict.same > 20
    assert recording.cut is None


def test_a_replay_with_another_lead_differs_and_says_where(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    recording = recording_in(tmp_path)
    difference = replayed(
        recording, f"TX_LEAD_FRAMES={call.settings.tx_lead_frames + 2}"
    ).difference
    assert difference is not None
    assert difference.expected is not None
    assert difference.got is not None
    assert difference.got.content == difference.expected.content
    assert difference.got.at < difference.expected.at - 0.02


def test_a_replay_that_takes_other_steps_to_the_same_outputs_is_the_same(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    recording = recording_in(tmp_path)
    in_step, other = replayed(recording), replayed(recording, "MAX_CALL_S=1800")
    assert (other.difference, other.same) == (None, in_step.same)
    assert other.departure is not None
    assert other.departure.got == ["later", 2, 1800]


@pytest.mark.parametrize("kind", ["media", "mark", "brain", "tts", "note"])
def test_an_output_that_is_not_the_recorded_one_is_found(
    place_call: PlaceCall, tmp_path: Path, kind: str
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    recording = recording_in(tmp_path)
    line = [line for line in recording.lines if line.kind == kind][-1]
    line.content = [*line.content[:-1], {"other": 1} if kind == "note" else 1]
    difference = replayed(recording).difference
    assert difference is not None
    assert difference.at == line.at


@pytest.mark.parametrize("content", [["mark", "never"], ["carrier", ["HungUp"]]])
def test_an_output_that_does_not_come_is_found(
    place_call: PlaceCall, tmp_path: Path, content: list[Any]
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    (path,) = tmp_path.rglob("*.replay")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if line.startswith('["mark"'))
    lines.insert(last, json.dumps(content) + "\n")
    path.write_text("".join(lines), encoding="utf-8")
    difference = replayed(read_recording(path)).difference
    assert difference is not None
    assert difference.expected is not None
    assert difference.expected.content == content


def test_past_its_largest_size_a_recording_ends_and_the_call_goes_on(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, max_bytes=30_000, place=place_call) as call:
        ordinary_talk(call)
        speak(call, 8)
        call.quiet(2)
        assert call.dialogue.brain.told[-1] == brains.CallerSaid("w8")
    recording = recording_in(tmp_path)
    assert recording.cut == "the recording is at its largest size"
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.replay")) < 31_000
    verdict = replayed(recording)
    assert verdict.difference is None
    assert verdict.same > 5


def test_a_call_that_was_cut_off_replays_up_to_there(place_call: PlaceCall, tmp_path: Path) -> None:
    recordings = Recordings(tmp_path, encode)
    call = place_call(new_recorder=call_recorder(recordings, settings()))
    ordinary_talk(call)
    call.root.abort_all()
    call.wait(0.2)
    recordings.stop()
    verdict = replayed(recording_in(tmp_path))
    assert (verdict.difference, verdict.departure) == (None, None)
    assert verdict.same > len(call.socket.sent) - 2


def test_a_call_that_says_goodbye_by_itself_replays_in_step(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        call.quiet(1)
        call.root.end_all("draining")
        call.quiet(5)
    recording = recording_in(tmp_path)
    assert {line.content[-1] for line in recording.lines if line.kind == "close"} == {"draining"}
    verdict = replayed(recording)
    assert (verdict.difference, verdict.departure) == (None, None)


def test_a_recorded_call_is_freed_without_a_collection(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    gc.collect()
    gc.disable()
    try:
        with recorded_call(tmp_path, place=place_call) as call:
            ordinary_talk(call)
            actors = [
                weakref.ref(call.actor(name)) for name in ("rx", "stt", "agent", "tx", "call")
            ]
        call.recognizer.streams.clear()  # The scripted engines keep what they were asked.
        call.synthesizer.jobs.clear()
        assert [actor() for actor in actors] == [None] * 5
    finally:
        gc.enable()


@pytest.mark.parametrize("line", ['"in","nobody",["DigitPressed","1"]', '"in","rx"', '"never"'])
def test_a_line_that_means_nothing_is_one_line_with_its_number(
    place_call: PlaceCall, tmp_path: Path, line: str
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        call.quiet(0.5)
    (path,) = tmp_path.rglob("*.replay")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    number = max(number for number, one in enumerate(lines) if ',"in","rx",' in one)
    lines[number] = f"[{json.loads(lines[number])[0]},{line}]\n"
    path.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(RecordingError, match=f":{number + 1}: expected "):
        read_recording(path)


def test_a_turn_that_nobody_asks_for_any_more_is_another_course(
    place_call: PlaceCall, tmp_path: Path
) -> None:
    with recorded_call(tmp_path, place=place_call) as call:
        ordinary_talk(call)
    (path,) = tmp_path.rglob("*.replay")
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    tick = max(number for number, line in enumerate(lines) if ',"tick",' in line)
    lines.insert(tick, lines[tick].replace('"tick","tx"', '"turn","agent"'))
    assert '"turn","agent"' in lines[tick]
    path.write_text("".join(lines), encoding="utf-8")
    verdict = replayed(read_recording(path))
    assert verdict.departure is not None
    assert verdict.departure.expected == ["turn", "agent"]
    assert verdict.difference is None


def test_nothing_stands_between_a_call_and_the_outside_unless_it_is_recorded(
    place_call: PlaceCall,
) -> None:
    call = place_call()
    assert call.line.rx is call.parts.rx
    assert call.parts.context.runtime is call.runtime
    assert call.parts.socket is call.socket
    assert call.parts.engines.recognizer is call.recognizer
