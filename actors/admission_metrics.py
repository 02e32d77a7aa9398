"""The metrics of admission: reservations and load, read from it when they are asked for.

Holds no number of its own, so that none is stale. Registered by the root. Refused calls are
counted where they are refused: `refused_total`.
"""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.admission import Admission


class AdmissionMetrics(Collector):
    """Shows one `Admission` to Prometheus."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    def collect(self) -> Iterable[Metric]:
        """Answer Prometheus' registry."""
        admission, load = self._admission, self._admission.load
        for name, about, value in (
            ("reservations", "Places kept for streams that have not started.", admission.reserved),
            ("load", "Load of the event loop; at 1 new calls are refused.", load.load),
            ("load_late_share", "Of the load's window, lost to lateness.", load.late_share),
            ("load_gaps_per_minute", "Heard in the average call.", load.gaps_per_minute),
        ):
            yield GaugeMetricFamily(name, about, value)
        yield CounterMetricFamily(
            "speech_gaps", "Times that a caller heard a gap in speech.", admission.gaps
        )
        ended = CounterMetricFamily(
            "reservations_ended", "Reservations by what became of them.", labels=("end",)
        )
        for end, count in admission.ended.items():
            ended.add_metric((end,), count)
        yield ended
