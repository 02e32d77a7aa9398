"""The far player's buffer: time alone plays it, marks and clear behave as Twilio's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.frame import FRAME_BYTES, SILENCE_BYTE
from phone.loudspeaker import Loudspeaker
from phone.playout import MAX_BUFFERED_BYTES, MAX_MARKS, Playout
from phone.server_messages import Clear, Fault, FaultKind, Mark, Media

pytestmark = pytest.mark.unit

FRAME = b"\x10" * FRAME_BYTES


def test_audio_is_played_at_8000_bytes_a_second_from_its_arrival() -> None:
    playout = Playout(started_at=100.0)
    playout.push(FRAME, 100.010)
    assert playout.due_marks(100.020) == []
    assert playout.take() == (0, bytes([SILENCE_BYTE]) * 80 + FRAME[:80])
    assert playout.buffered_bytes == 80


def test_a_mark_is_due_exactly_when_the_audio_before_it_has_played() -> None:
    playout = Playout(started_at=0.0)
    playout.push(FRAME * 3, 0.0)
    playout.mark("end", 0.0)
    assert playout.next_mark_at == pytest.approx(0.060)
    assert playout.due_marks(0.0598) == []
    assert playout.due_marks(0.060) == ["end"]
    assert playout.due_marks(0.1) == []


def test_a_mark_behind_nothing_is_due_at_once() -> None:
    playout = Playout(started_at=0.0)
    playout.mark("now", 5.0)
    assert playout.due_marks(5.0) == ["now"]


def test_audio_after_a_mark_does_not_delay_it() -> None:
    playout = Playout(started_at=0.0)
    playout.push(FRAME, 0.0)
    playout.mark("first", 0.0)
    playout.push(FRAME, 0.0)
    playout.mark("second", 0.0)
    assert playout.due_marks(0.021) == ["first"]
    assert playout.due_marks(0.041) == ["second"]


def test_clear_empties_the_buffer_and_returns_all_pending_marks_in_order() -> None:
    playout = Playout(started_at=0.0)
    for name in ("a", "b", "c"):
        playout.push(FRAME, 0.0)
        playout.mark(name, 0.0)
    assert playout.due_marks(0.020) == ["a"]
    assert playout.clear(0.030) == ["b", "c"]
    assert playout.cleared_bytes == FRAME_BYTES * 3 // 2
    assert playout.buffered_bytes == 0
    assert playout.next_mark_at is None


def test_audio_after_a_clear_plays_normally() -> None:
    playout = Playout(started_at=0.0)
    playout.push(FRAME * 50, 0.0)
    playout.clear(0.1)
    playout.take()
    playout.push(FRAME, 0.1)
    playout.mark("new", 0.1)
    assert playout.due_marks(0.120) == ["new"]
    assert playout.take() == (800, FRAME)


def test_more_than_ten_minutes_are_refused() -> None:
    playout = Playout(started_at=0.0)
    assert playout.push(bytes(MAX_BUFFERED_BYTES), 0.0)
    assert not playout.push(b"\x00", 0.0)
    assert playout.buffered_bytes == MAX_BUFFERED_BYTES


def test_pending_marks_are_bounded() -> None:
    speaker = Loudspeaker(0.0)
    speaker.receive(Media(FRAME), 0.0)
    for index in range(MAX_MARKS + 1):
        speaker.receive(Mark(str(index)), 0.0)
    assert speaker.faults.counts[FaultKind.TOO_MANY_MARKS] == 1
    assert speaker.playout.pending_marks == MAX_MARKS


def test_the_lead_is_the_most_that_was_ever_buffered() -> None:
    playout = Playout(started_at=0.0)
    playout.push(FRAME * 3, 0.0)
    playout.push(FRAME, 0.060)
    assert playout.max_lead_ms == 60.0


@settings(derandomize=True, max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.0, 0.3), st.integers(1, 700), st.booleans()), min_size=1, max_size=30
    )
)
def test_every_byte_is_played_once_in_order_and_every_mark_comes_back_once(
    steps: list[tuple[float, int, bool]],
) -> None:
    playout, now = Playout(started_at=0.0), 0.0
    sent, heard = bytearray(), bytearray()
    marks: list[str] = []
    names: list[str] = []
    for index, (pause_s, size, marked) in enumerate(steps):
        now += pause_s
        payload = bytes((len(sent) + offset) % 250 for offset in range(size))
        sent += payload
        playout.push(payload, now)
        if marked:
            playout.mark(str(index), now)
            names.append(str(index))
        marks += playout.due_marks(now)
        heard += playout.take()[1]
    marks += playout.due_marks(now + 100.0)
    start, rest = playout.take()
    assert start == len(heard)
    assert (heard + rest).replace(b"\xff", b"") == sent
    assert marks == names


@settings(derandomize=True, max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 0.05), min_size=1, max_size=40))
def test_looking_often_or_rarely_gives_the_same_audio(looks: list[float]) -> None:
    often, rarely, now = Playout(0.0), Playout(0.0), 0.0
    often.push(FRAME * 4, 0.0)
    rarely.push(FRAME * 4, 0.0)
    heard = b""
    for look in looks:
        now += look
        often.due_marks(now)
        heard += often.take()[1]
    rarely.due_marks(now)
    assert heard == rarely.take()[1]


def test_the_loudspeaker_counts_played_and_flushed_marks_apart() -> None:
    speaker = Loudspeaker(0.0)
    for name in ("a#1", "b#1"):
        speaker.receive(Media(FRAME), 0.0)
        speaker.receive(Mark(name), 0.0)
    assert speaker.advance(0.020) == ["a#1"]
    assert speaker.receive(Clear(), 0.025) == ["b#1"]
    assert (speaker.marks_played, speaker.marks_flushed, speaker.clears) == (1, 1, 1)


def test_a_mark_due_before_the_clear_counts_as_played() -> None:
    speaker = Loudspeaker(0.0)
    speaker.receive(Media(FRAME), 0.0)
    speaker.receive(Mark("a"), 0.0)
    assert speaker.receive(Clear(), 0.030) == ["a"]
    assert (speaker.marks_played, speaker.marks_flushed) == (1, 0)


def test_a_mark_echoed_late_is_told_apart() -> None:
    speaker = Loudspeaker(0.0)
    speaker.receive(Media(FRAME), 0.0)
    speaker.receive(Mark("a"), 0.0)
    assert speaker.advance(0.050) == ["a"]
    assert speaker.marks_late == 1


def test_faults_are_counted_and_their_details_bounded() -> None:
    speaker = Loudspeaker(0.0)
    for _ in range(50):
        speaker.receive(Fault(FaultKind.NOT_JSON, "x"), 0.0)
    assert speaker.faults.as_json() == {"not_json": 50}
    assert len(speaker.faults.examples) == 10
