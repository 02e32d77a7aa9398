"""All metrics of one server: their names, labels and buckets.

Owns the registry. Never opens a port: `web/` serves `Metrics.render()`. Actors and the web
layer get one `Metrics`, handed in; there is no global registry.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol, runtime_checkable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


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

    LATENCY_BUCKETS_S: Final = (
        *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7),
        *(1.0, 1.5, 2.0, 3.0, 5.0, 10.0),
    )
    """From a cached phrase (10 ms) to an answer that nobody waits for any longer."""

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
        self.holds: Final = self._counter("holds", "Replies that the caller's voice made silent.")
        self.false_interruptions: Final = self._counter(
            "false_interruptions", "Held replies that went on, because no words came."
        )
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
            "Partial: from the start of the caller's speech. Final, total, sound, heard: from"
            " its end. Settled: from the last partial. Token to wire: from the one before.",
            ("part",),
            registry=self.registry,
            buckets=self.LATENCY_BUCKETS_S,
        )
        self.turns: Final = self._counter("turns", "Answers on the wire, by their final.", "final")
        self.answers_superseded: Final = self._counter(
            "answers_superseded", "Answers replaced before their first frame."
        )
        self.call_log_lines_lost: Final = self._counter(
            "call_log_lines_lost", "Lines of calls' event logs that could not be written."
        )
        self.recordings_cut: Final = self._counter(
            "recordings_cut", "Recordings that end before their call."
        )
        self.loop_lag: Final = self._gauge(
            "loop_lag_seconds", "Worst lateness of the event loop in the last window."
        )
        self.loop_blockages: Final = self._counter(
            "loop_blockages", "Times that some code kept the event loop for over 300 ms."
        )
        self.beats_skipped: Final = self._counter(
            "beats_skipped", "Slots of 2 ms of the 20 ms beat that the loop was too late for."
        )
        self.engines: Final = EngineCounts()
        self.registry.register(self.engines)

    def observe_turn(
        self, parts: Mapping[str, float | None], *, early: bool, superseded: int
    ) -> None:
        """Record a turn whose answer is on the wire: the parts of it that happened, in seconds."""
        self.turns.labels("early" if early else "real").inc()
        self.answers_superseded.inc(superseded)
        self.observe_parts(parts)

    def observe_parts(self, parts: Mapping[str, float | None]) -> None:
        """Record parts of a turn, in seconds, by their names; None did not happen."""
        for part, value in parts.items():
            if value is not None:
                self.turn_latency.labels(part).observe(value)

    def render(self) -> bytes:
        """Everything in Prometheus' text format, UTF-8."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, about: str) -> Gauge:
        return Gauge(name, about, registry=self.registry)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(name, about, labels, registry=self.registry)
