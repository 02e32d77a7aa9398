"""Telemetry: the lines that operators grep for, to the letter; metrics; the loop's lag."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import telemetry
from telemetry import (
    SHOWN_TEXT_CHARS,
    LoopWatchdog,
    Metrics,
    boot_line,
    final_line,
    latency_line,
    partial_line,
    printable,
    rx_line,
    stt_line,
    tx_line,
)
from tests.support.web import logged, metric

pytestmark = pytest.mark.unit


def test_the_lines_have_the_shapes_that_operators_grep_for() -> None:
    assert rx_line("normal", 50, 0, 0, 0.1) == "[RX] mode=normal fps_in=50 q=0 drops=0 write_ms=0.1"
    assert rx_line("drain", 49.6, 7, 3, 1) == "[RX] mode=drain fps_in=50 q=7 drops=3 write_ms=1.0"
    assert stt_line(0, 0, 0.3) == "[STT] q=0 drops=0 write_ms=0.3"
    assert tx_line(50, 6, 0) == "[TX] fps=50 q=6 drops=0"
    assert boot_line(streaming=True) == "🚀 Streaming STT enabled: True"
    assert telemetry.RX_STARTED == "🎧 RX_WORKER: Started"
    assert telemetry.TX_STARTED == "📡 TX_WORKER: Started"
    assert telemetry.STT_INIT == "🟢 STT_SESSION: init requested"
    assert telemetry.STT_READY == "🟢 STT_SESSION: ready"
    assert telemetry.GREETING_QUEUED == "🔊 GREETING: queued"


def test_transcripts_are_shown_only_when_asked_for() -> None:
    assert partial_line("שלום עולם", shown=True) == '🟡 [PARTIAL] "שלום עולם"'
    assert final_line("שלום", shown=True) == '✅ [FINAL] "שלום"'
    assert partial_line("x" * 23, shown=False) == "🟡 [PARTIAL] len=23"
    assert final_line("secret", shown=False) == "✅ [FINAL] len=6"


def test_a_latency_that_was_not_measured_is_a_dash() -> None:
    parts = {"partial": 0.41, "final": 0.93, "total": 1.22}
    shown = "[LATENCY] partial=0.41s, final=0.93s, total=1.22s, early=no"
    assert latency_line(parts, early=False) == shown
    shown = "[LATENCY] partial=-, total=1.22s, early=yes"
    assert latency_line({"partial": None, "total": 1.22}, early=True) == shown


def test_hidden_characters_are_shown_as_such() -> None:
    assert printable("a\nb\x1b[31m\u202eevil\u2066") == "a�b�[31m�evil�"
    assert printable('צה"ל 100% {}') == 'צה"ל 100% {}'


@settings(derandomize=True)
@given(st.text(st.characters(codec=None), max_size=2 * SHOWN_TEXT_CHARS))
def test_any_text_becomes_one_bounded_encodable_line(text: str) -> None:
    shown = printable(text)
    assert len(shown) <= SHOWN_TEXT_CHARS
    assert len(shown.splitlines()) <= 1
    assert shown.encode().decode() == shown


def test_two_servers_do_not_share_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.calls.labels("hangup").inc()
    one.frames_dropped.labels("rx", "full").inc(3)
    assert metric(one, "calls_total", reason="hangup") == 1
    assert metric(other, "calls_total", reason="hangup") == 0
    assert b'frames_dropped_total{mailbox="rx",reason="full"} 3.0' in one.render()


def test_only_measured_parts_of_a_turn_are_observed() -> None:
    metrics = Metrics()
    parts = {"partial": None, "final": 0.5, "total": 1.0}
    metrics.observe_turn(parts, early=True, superseded=2)
    metrics.observe_turn(parts, early=False, superseded=0)
    metrics.observe_parts({"heard": 1.5})
    assert metric(metrics, "turn_latency_seconds_count", part="partial") == 0
    assert metric(metrics, "turn_latency_seconds_sum", part="total") == 2.0
    assert metric(metrics, "turn_latency_seconds_sum", part="heard") == 1.5
    assert metric(metrics, "turns_total", final="early") == 1
    assert metric(metrics, "turns_total", final="real") == 1
    assert metric(metrics, "answers_superseded_total") == 2


def test_short_parts_of_a_turn_fall_in_buckets_of_their_own() -> None:
    metrics = Metrics()
    metrics.observe_parts({"wire": 0.015, "token": 0.4})
    rendered = metrics.render().decode()
    assert 'turn_latency_seconds_bucket{le="0.01",part="wire"} 0.0' in rendered
    assert 'turn_latency_seconds_bucket{le="0.02",part="wire"} 1.0' in rendered
    assert 'turn_latency_seconds_bucket{le="0.5",part="token"} 1.0' in rendered


class Engine:
    """An engine with counts."""

    name = "deaf"

    def __init__(self) -> None:
        self.deaths = 0

    def counts(self) -> dict[str, int]:
        return {"deaths": self.deaths}


def test_what_engines_count_is_shown_as_it_is_when_asked_for() -> None:
    metrics, engine = Metrics(), Engine()
    assert isinstance(engine, telemetry.Counting)
    metrics.engines.watch(engine.name, engine.counts)
    engine.deaths = 2
    assert metric(metrics, "engine_events_total", engine="deaf", event="deaths") == 2
    assert b'engine_events_total{engine="deaf",event="deaths"} 2.0' in metrics.render()


def test_the_watchdog_exports_the_worst_lag_of_a_window_and_says_so_once() -> None:
    metrics = Metrics()
    watchdog = LoopWatchdog(metrics.loop_lag)
    with logged() as lines:
        for beat in range(LoopWatchdog.WINDOW_BEATS):
            watchdog.on_beat(0.25 if beat in {3, 9} else 0.0)
    assert metric(metrics, "loop_lag_seconds") == pytest.approx(0.25)
    assert lines == ["event loop was late by 250 ms"]
    with logged() as lines:
        for _ in range(LoopWatchdog.WINDOW_BEATS):
            watchdog.on_beat(0.0)
    assert metric(metrics, "loop_lag_seconds") == 0
    assert not lines
