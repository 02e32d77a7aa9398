"""What operators see of a turn and of notes: line, metrics, view, event log."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from actors.call_notes import keep_note, note_tool
from actors.call_parts import CallParts
from actors.call_telemetry import ledger_fields
from actors.call_view import CallView, call_view
from actors.engines import Engines
from actors.messages import InboundFrame
from actors.stats import LATENCIES_KEPT, NOTES_KEPT, TurnLatency
from actors.turn_clock import TurnClock
from actors.turn_report import report_heard, report_started
from dialogue.ports import MAX_NOTE_CHARS, ToolUsed
from media.frame import SILENCE_FRAME
from tests.support.context import Stage, logged, staged
from tests.support.engines import CountingSynthesizer, EchoDialogue, NumberedRecognizer
from tests.support.peers import FakeSocket
from tests.support.web import metric

pytestmark = pytest.mark.unit


@dataclass
class Events:
    """A call's event log that tests can read."""

    noted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def note(self, event: str, /, **fields: object) -> None:
        self.noted.append((event, fields))


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged(Stage) as made:
        made.context = replace(made.context, events=Events())
        yield made


def turn(reply: int = 7, *, heard: bool = False) -> TurnLatency:
    clock = TurnClock()
    clock.voice_started(10.0)
    clock.partial(10.4)
    clock.voice_ended(11.0)
    clock.answered_by(reply, 11.25, early=True)
    clock.sentence(reply, 11.3)
    clock.synthesized(reply, 11.31)
    latency = clock.started(reply, 11.33)
    if heard:
        latency = clock.heard(reply, 11.9)
    assert latency is not None
    return latency


def test_an_answer_on_the_wire_is_a_line_a_count_an_event_and_kept(stage: Stage) -> None:
    with logged() as lines:
        report_started(stage.context, turn())
    assert lines == [
        (
            "[LATENCY] partial=0.40s, final=0.25s, total=0.33s, settled=0.85s, token=-,"
            " sentence=0.05s, synthesis=0.01s, wire=0.02s, sound=0.33s, early=yes"
        )
    ]
    assert metric(stage.context.metrics, "turns_total", final="early") == 1
    assert metric(stage.context.metrics, "turn_latency_seconds_count", part="wire") == 1
    assert metric(stage.context.metrics, "turn_latency_seconds_count", part="heard") == 0
    ((event, fields),) = stage.context.events.noted  # type: ignore[attr-defined]
    assert (event, fields["reply"], fields["total_ms"], fields["token_ms"]) == (
        "turn",
        7,
        330,
        None,
    )
    assert "heard_ms" not in fields
    assert list(stage.context.stats.latencies) == [turn()]


def test_a_heard_answer_completes_the_report_and_is_no_second_turn(stage: Stage) -> None:
    report_started(stage.context, turn())
    with logged() as lines:
        report_heard(stage.context, turn(heard=True))
    assert not lines
    assert list(stage.context.stats.latencies) == [turn(heard=True)]
    assert metric(stage.context.metrics, "turns_total", final="early") == 1
    assert metric(stage.context.metrics, "turn_latency_seconds_sum", part="heard") == pytest.approx(
        0.9
    )
    noted = stage.context.events.noted  # type: ignore[attr-defined]
    assert noted[-1] == ("turn_heard", {"reply": 7, "heard_ms": 900})


def viewed(stage: Stage) -> CallView:
    return call_view(parts_of(stage), state="live", started="now", started_at=1.0, now=2.0)


def parts_of(stage: Stage) -> CallParts:
    engines: Any = Engines(NumberedRecognizer(), CountingSynthesizer(), EchoDialogue())
    return CallParts(stage.context, engines, FakeSocket(stage.clock.now), stage.overflows.append)


def test_the_view_shows_the_latest_turns_in_milliseconds(stage: Stage) -> None:
    for reply in range(1, LATENCIES_KEPT + 3):
        report_started(stage.context, turn(reply))
    shown = viewed(stage)["latencies"]
    assert [one["reply"] for one in shown] == list(range(3, LATENCIES_KEPT + 3))
    assert shown[-1] == {
        "reply": LATENCIES_KEPT + 2,
        "at_s": 10.25,
        "early": True,
        "superseded": 0,
        "partial_ms": 400,
        "final_ms": 250,
        "total_ms": 330,
        "settled_ms": 850,
        "token_ms": None,
        "sentence_ms": 50,
        "synthesis_ms": 10,
        "wire_ms": 20,
        "sound_ms": 330,
        "heard_ms": None,
    }


def test_notes_are_in_the_view_only_with_transcripts_and_in_the_log_always(stage: Stage) -> None:
    keep_note(stage.context, "hidden")
    assert viewed(stage)["notes"] is None
    assert not stage.context.stats.notes
    stage.set(log_transcripts=True)
    for number in range(NOTES_KEPT + 1):
        keep_note(stage.context, f"{number} {'x' * MAX_NOTE_CHARS}")
    shown = viewed(stage)["notes"]
    assert shown is not None
    assert [note["text"].split()[0] for note in shown] == [str(n) for n in range(1, NOTES_KEPT + 1)]
    assert {len(note["text"]) for note in shown} == {MAX_NOTE_CHARS}
    noted = stage.context.events.noted  # type: ignore[attr-defined]
    assert noted[0] == ("note_left", {"note": "hidden"})
    assert len(noted) == NOTES_KEPT + 2


def test_the_ledgers_of_a_call_say_where_its_frames_went(stage: Stage) -> None:
    parts = parts_of(stage)
    parts.rx.post(InboundFrame(SILENCE_FRAME, 0, voiced=False, arrived_at=0.0))
    assert ledger_fields(parts) == {
        "rx": {
            "entered": 1,
            "created": 0,
            "delivered": 0,
            "dropped": {},
            "crashed": 0,
            "discarded": 0,
            "missing": 0,
        }
    }


def test_a_used_tool_is_in_the_log_and_its_arguments_only_with_transcripts(stage: Stage) -> None:
    used = ToolUsed("look_up", "late", 5001.4, '{"order": 7}')
    note_tool(stage.context, used)
    stage.set(log_transcripts=True)
    note_tool(stage.context, used)
    told = {"name": "look_up", "outcome": "late", "took_ms": 5001}
    noted = stage.context.events.noted  # type: ignore[attr-defined]
    assert noted == [("tool", told), ("tool", told | {"arguments": '{"order": 7}'})]
