"""Measures a recording: levels, clipping, spans of speech, and holes inside the speech.

Pure: samples in, numbers and text out; `wav` reads the file. The voice is found as on a
live call (`loudness`, `spans`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from media import g711
from media.frame import BYTES_PER_MS, FRAME_BYTES, SAMPLE_RATE_HZ
from phone.loudness import Loudness
from phone.spans import Span, Spans
from phone.table import table
from phone.underruns import AUDIBLE_GAP_MS

MAX_LISTED: Final = 200
"""Spans and holes that are printed of one channel."""


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What one channel holds."""

    loudness: Loudness
    spans: Sequence[Span]
    holes: Sequence[tuple[int, int]]
    """Runs of digital silence longer than 30 ms inside a span: start and length, in samples."""
    samples: int


def measure(pcm16: NDArray[np.int16]) -> ChannelReport:
    """Measure one channel of 8000 Hz."""
    loudness, spans = Loudness(), Spans()
    audio = g711.encode(np.ascontiguousarray(pcm16))
    for start in range(0, len(audio), FRAME_BYTES):
        voiced = loudness.add(audio[start : start + FRAME_BYTES])
        if voiced is not None:
            spans.add(start + voiced[0], start + voiced[1])
    return ChannelReport(loudness, spans.spans, _holes(pcm16, spans.spans), len(pcm16))


def describe_channel(name: str, report: ChannelReport) -> str:
    """One channel as text."""
    level = report.loudness
    lines = [
        (
            f"{name}: {report.samples / SAMPLE_RATE_HZ:.2f} s, speech {level.rms_dbov:.1f} dBov, "
            f"peak {level.peak_dbov:.1f} dBov, {level.clipped_samples} samples clipped, "
            f"{len(report.spans)} spans, {len(report.holes)} holes over {AUDIBLE_GAP_MS:.0f} ms"
        )
    ]
    rows = [_row("speech", span.start, span.end - span.start) for span in report.spans]
    rows += [_row("hole", start, length) for start, length in report.holes]
    if rows:
        rows.sort(key=lambda row: float(row[1]))
        lines.append(table(("", "from s", "ms"), rows[:MAX_LISTED]))
    return "\n".join(lines)


def _row(what: str, start: int, length: int) -> tuple[str, str, str]:
    return what, f"{start / SAMPLE_RATE_HZ:.3f}", f"{length / BYTES_PER_MS:.1f}"


def _holes(pcm16: NDArray[np.int16], spans: Sequence[Span]) -> list[tuple[int, int]]:
    silent = np.concatenate(([False], pcm16 == 0, [False]))
    edges = np.flatnonzero(silent[1:] != silent[:-1])
    shortest = AUDIBLE_GAP_MS * BYTES_PER_MS
    return [
        (int(start), int(end - start))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if end - start > shortest and any(s.start < start and end < s.end for s in spans)
    ]
