"""What operators see: the fixed log lines, the metrics, and the loop's lag.

Owns the shape of every line that people grep for, the names of all metrics, and the watch
over the event loop. Pure functions make lines; callers log them. Never opens a file or a
port: `log_sink.py` carries lines away and `web/` serves `Metrics.render()`. Actors and the
web layer get one `Metrics`, handed in; there is no global registry.
"""

import asyncio
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol, runtime_checkable

from loguru import logger
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

SHOWN_TEXT_CHARS: Final = 300
"""Longest text of a caller in one log line; what is longer ends in an ellipsis."""

RX_STARTED: Final = "🎧 RX_WORKER: Started"
TX_STARTED: Final = "📡 TX_WORKER: Started"
STT_INIT: Final = "🟢 STT_SESSION: init requested"
STT_READY: Final = "🟢 STT_SESSION: ready"
GREETING_QUEUED: Final = "🔊 GREETING: queued"

_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def boot_line(*, streaming: bool) -> str:
    """The line that says at boot whether speech is streamed to the recogniser."""
    return f"🚀 Streaming STT enabled: {streaming}"


def rx_line(mode: str, fps_in: float, q: int, drops: int, write_ms: float) -> str:
    """One second of RX: frames in, waiting, dropped since the start, mean hand-over in ms."""
    return f"[RX] mode={mode} fps_in={fps_in:.0f} q={q} drops={drops} write_ms={write_ms:.1f}"


def stt_line(q: int, drops: int, write_ms: float) -> str:
    """One second of STT: frames waiting, dropped since the start, mean write in ms."""
    return f"[STT] q={q} drops={drops} write_ms={write_ms:.1f}"


def tx_line(fps: float, q: int, drops: int) -> str:
    """One second of TX: frames sent, waiting, dropped since the start."""
    return f"[TX] fps={fps:.0f} q={q} drops={drops}"


def partial_line(text: str, *, shown: bool) -> str:
    """A partial transcript; its length alone where texts must not be shown."""
    return f"🟡 [PARTIAL] {_words(text, shown=shown)}"


def final_line(text: str, *, shown: bool) -> str:
    """A final transcript; its length alone where texts must not be shown."""
    return f"✅ [FINAL] {_words(text, shown=shown)}"


def early_line(text: str, *, shown: bool) -> str:
    """A partial taken for a final before the recogniser said so."""
    return f"⚡ Early finalize based on strong partial: {_words(text, shown=shown)}"


def latency_line(partial_s: float | None, final_s: float | None, total_s: float | None) -> str:
    """One turn, as in `TurnLatency`: first partial, final, first audio of the reply."""
    parts = (("partial", partial_s), ("final", final_s), ("total", total_s))
    return "[LATENCY] " + ", ".join(f"{name}={_seconds(value)}" for name, value in parts)


def printable(text: str, limit: int = SHOWN_TEXT_CHARS) -> str:
    """Text from outside made fit for one line of a terminal: bounded, nothing invisible.

    Hebrew stays as it is. Control characters, line ends, lone surrogates and the controls
    that reorder a whole line (Unicode UAX 9, embeddings, overrides and isolates) turn to �.
    """
    kept = text if len(text) <= limit else text[: limit - 1] + "…"
    if kept.isascii() and kept.isprintable():
        return kept
    return "".join(map(_visible, kept))


def _visible(char: str) -> str:
    hidden = char in _BIDI_CONTROLS or unicodedata.category(char) in _UNSEEN
    return "\ufffd" if hidden else char


def _words(text: str, *, shown: bool) -> str:
    return f'"{printable(text)}"' if shown else f"len={len(text)}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}s"


@runtime_checkable
class Counting(Protocol):
    """An engine that counts what happens to it."""

    @property
    def name(self) -> str:
        """One word, for the label."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Say how often what has happened: few, fixed names."""
        ...


class EngineCounts(Collector):
    """The engines' own counts as one metric, read when it is asked for."""

    def __init__(self) -> None:
        self._read: dict[str, Callable[[], Mapping[str, int]]] = {}

    def watch(self, engine: str, counts: Callable[[], Mapping[str, int]]) -> None:
        """Show these counts under this name from now on."""
        self._read[engine] = counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Answer Prometheus' registry."""
        family = CounterMetricFamily(
            "engine_events", "What happened to the engines.", labels=("engine", "event")
        )
        for engine, counts in self._read.items():
            for event, count in counts().items():
                family.add_metric((engine, event), count)
        yield family


class Metrics:
    """All metrics of one server, in a registry of their own.

    Label values come from fixed sets of words (mailboxes, reasons, children), never from
    the wire: the number of series is bounded.
    """

    LATENCY_BUCKETS_S: Final = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)

    def __init__(self) -> None:
        self.registry: Final = CollectorRegistry()
        self.calls_active: Final = self._gauge("calls_active", "Calls at this moment.")
        self.calls: Final = self._counter("calls", "Ended calls.", "reason")
        self.frames_dropped: Final = self._counter(
            "frames_dropped", "Media frames dropped.", "mailbox", "reason"
        )
        self.child_failures: Final = self._counter("child_failures", "Crashed children.", "child")
        self.child_restarts: Final = self._counter("child_restarts", "Restarts.", "child")
        self.stt_ended: Final = self._counter(
            "stt_ended", "Streams ended by the recogniser while the call lived.", "status"
        )
        self.stt_deaf: Final = self._counter("stt_deaf", "Times a recogniser was deaf.")
        self.stt_rotations: Final = self._counter("stt_rotations", "Streams changed by plan.")
        self.stt_fallbacks: Final = self._counter(
            "stt_fallbacks", "Calls that fell back to single requests.", "reason"
        )
        self.stt_resumed: Final = self._counter("stt_resumed", "Calls that stream again.")
        self.stt_lost: Final = self._counter("stt_lost", "Calls that nobody could recognise.")
        self.ledger_errors: Final = self._counter(
            "ledger_errors", "Mailboxes whose count of frames did not balance at hang-up."
        )
        self.control_overflows: Final = self._counter(
            "control_overflows", "Calls ended by a full control lane."
        )
        self.log_lines_lost: Final = self._counter(
            "log_lines_lost", "Log lines thrown away because nobody took them."
        )
        self.refused: Final = self._counter(
            "refused", "Requests, upgrades and calls refused.", "reason"
        )
        self.bad_messages: Final = self._counter(
            "bad_messages", "Messages on media sockets that were ignored."
        )
        self.turn_latency: Final = Histogram(
            "turn_latency_seconds",
            "Partial: from the start of the caller's speech. Final, total: from its end.",
            ("part",),
            registry=self.registry,
            buckets=self.LATENCY_BUCKETS_S,
        )
        self.loop_lag: Final = self._gauge(
            "loop_lag_seconds", "Worst lateness of the event loop in the last window."
        )

        self.beats_skipped: Final = self._counter(
            "beats_skipped", "Slots of 2 ms of the 20 ms beat that the loop was too late for."
        )
        self.engines: Final = EngineCounts()
        self.registry.register(self.engines)

    def observe_turn(
        self, partial_s: float | None, final_s: float | None, total_s: float | None
    ) -> None:
        """Record the parts of one turn that happened."""
        for part, value in (("partial", partial_s), ("final", final_s), ("total", total_s)):
            if value is not None:
                self.turn_latency.labels(part).observe(value)

    def render(self) -> bytes:
        """Everything in Prometheus' text format, UTF-8."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(name, about, registry=self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)


class Timers(Protocol):
    """The two things of an event loop that the watchdog needs."""

    def time(self) -> float:
        """Now, in seconds of the loop's own clock."""
        ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> asyncio.TimerHandle:
        """Call back at that time."""
        ...


class LoopWatchdog:
    """Measures how late the loop calls back, exports the worst, and warns.

    It says that the loop was late; which actor's turn made it late is the dispatcher's to
    say. One line a window at most.
    """

    TICK_S: Final = 0.05
    """How often the loop is asked to call back."""

    WINDOW_TICKS: Final = 100
    """Ticks to one exported value: 5 s when the loop is on time."""

    WARN_S: Final = 0.1
    """Lag worth a line: five frames late."""

    def __init__(self, timers: Timers, lag: Gauge) -> None:
        """Watch this loop and export to this gauge; nothing happens before `start()`."""
        self._timers = timers
        self._gauge = lag
        self._handle: asyncio.TimerHandle | None = None
        self._due_at = 0.0
        self._ticks = 0
        self._worst_s = 0.0

    def start(self) -> None:
        """Begin to measure."""
        self._arm()

    def stop(self) -> None:
        """Stop measuring. Calling twice is harmless."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self) -> None:
        self._due_at = self._timers.time() + self.TICK_S
        self._handle = self._timers.call_at(self._due_at, self._on_tick)

    def _on_tick(self) -> None:
        self._worst_s = max(self._worst_s, self._timers.time() - self._due_at)
        self._ticks += 1
        if self._ticks == self.WINDOW_TICKS:
            self._export()
        self._arm()

    def _export(self) -> None:
        self._gauge.set(self._worst_s)
        if self._worst_s >= self.WARN_S:
            logger.warning("event loop was late by {:.0f} ms", self._worst_s * 1000)
        self._ticks = 0
        self._worst_s = 0.0
