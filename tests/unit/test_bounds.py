"""The ceiling of one call: documented as computed, and not exceeded by a call that is full."""

import gc
import tracemalloc
from pathlib import Path

import pytest

from actors import messages
from actors.bounds import bounds_table, ceiling_bytes
from actors.call_parts import CallParts
from media.frame import FRAME_BYTES, FRAME_MS
from media.segmenter import Segmenter
from media.twilio import StreamEncoder
from tests.support.call import ManualCall, settings

pytestmark = pytest.mark.unit

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"


def test_the_documented_table_is_the_computed_one() -> None:
    text = DOCUMENT.read_text("utf-8")
    begin, end = "<!-- bounds:begin -->\n", "\n<!-- bounds:end -->"
    assert text.split(begin)[1].split(end)[0] == bounds_table(settings())


def test_a_call_that_is_full_to_every_bound_stays_under_the_ceiling() -> None:
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    call = ManualCall()
    _fill(call.parts)
    segmenter = _full_segmenter()
    unsent = [_message(number) for number in range(call.settings.tx_owed_messages)]
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    held = after - before
    assert segmenter.flush() is not None
    assert len(unsent) == call.settings.tx_owed_messages
    assert held < ceiling_bytes(settings())
    assert held > ceiling_bytes(settings()) // 3, "the flood did not fill the call"


def _fill(parts: CallParts) -> None:
    """Fill everything that can grow, three times over, while no actor has a turn."""
    limits = parts.context.settings
    for number in range(3 * limits.rx_mailbox_frames):
        payload = bytes([number % 251]) * FRAME_BYTES
        frame = messages.InboundFrame(payload, 10_000 + number, True, 1e6 + number)
        parts.rx.post(frame)
        parts.stt.post(frame)
        parts.tx.post(messages.OutboundFrame(bytes(payload), 1))
        for _ in range(5):
            parts.stt_state.ring.append(bytes([number % 251]) * FRAME_BYTES, voiced=True)
    for number in range(limits.control_mailbox_messages):
        text = _long_text(number, limits.utterance_max_chars)
        parts.agent.post(messages.FinalTranscript(number, text, float(number)))
        parts.tx.post(messages.MarkEchoed(f"mark {number}"))
    for number in range(3 * limits.history_entries):
        parts.memory.note("caller", _long_text(number, 5000), float(number))


def _full_segmenter() -> Segmenter:
    """Collect speech up to one frame before the longest segment."""
    segmenter = Segmenter(max_ms=settings().single_max_ms)
    for number in range(settings().single_max_ms // FRAME_MS - 1):
        assert segmenter.push(bytes([number % 251]) * FRAME_BYTES, voiced=True) is None
    return segmenter


def _message(number: int) -> bytes:
    """Make a message that TX may owe a slow peer."""
    return StreamEncoder("MZ1").media(bytes([number % 251]) * FRAME_BYTES)


def _long_text(number: int, chars: int) -> str:
    return "😀" + str(number).rjust(chars - 1, "x")
