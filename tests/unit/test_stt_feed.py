"""One stream fed from the ring by a cursor: whole batches, its own time, its own age."""

from collections.abc import Iterator

import pytest

from actors.family import OutOfBand
from actors.stt_feed import WRITE_MAX_FRAMES, PartialHeard, StreamFeed, StreamHeard
from media.frame import FRAME_BYTES
from media.ring import AudioRing
from speech import ports
from tests.support.context import Stage, staged
from tests.support.engines import NumberedRecognizer, ScriptedStream, word

pytestmark = pytest.mark.unit


class Desk(Stage):
    """One feed on a ring of two seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = AudioRing(100)
        self.recognizer = NumberedRecognizer()
        self.recognizer.hears = False
        self.told: list[OutOfBand] = []
        self.feed = self.made()

    def made(self, number: int = 7) -> StreamFeed:
        return StreamFeed(self.context, self.ring, number)

    def open(self) -> ScriptedStream:
        """Open the feed, and say that it is open."""
        self.feed.open(self.recognizer, self.told.append)
        self.feed.begin()
        return self.recognizer.streams[-1]

    def append(self, number: int, frames: int) -> None:
        """Let the ring take frames and the feed write what is due, one by one."""
        for payload in word(number, frames):
            self.ring.append(payload, voiced=True)
            self.feed.feed()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with staged(Desk) as stage:
        yield stage


def test_what_the_stream_says_comes_back_with_its_number(desk: Desk) -> None:
    stream = desk.open()
    stream.say(ports.Final("a", 20.0))
    stream.say(ports.Partial("b"))
    assert desk.told == [
        StreamHeard(7, ports.StreamOpened()),
        StreamHeard(7, ports.Final("a", 20.0)),
        PartialHeard(7, ports.Partial("b")),
    ]


def test_only_partials_give_way_to_newer_ones() -> None:
    assert PartialHeard.COALESCES
    assert not StreamHeard.COALESCES


def test_nothing_is_written_before_it_is_ready(desk: Desk) -> None:
    desk.feed.open(desk.recognizer, desk.told.append)
    desk.append(1, 10)
    assert desk.recognizer.streams[-1].written == b""
    assert desk.feed.age_s == 0.0


def test_a_feed_that_was_never_opened_writes_nothing(desk: Desk) -> None:
    desk.feed.begin()
    desk.append(1, 10)
    assert not desk.feed.feed()
    assert desk.feed.cursor == desk.ring.start


def test_it_begins_with_the_oldest_audio_that_no_final_has_covered(desk: Desk) -> None:
    desk.append(1, 20)
    desk.append(2, 10)
    desk.ring.cut(20)
    stream = desk.open()
    desk.feed.feed()
    assert stream.written == b"".join(word(2, 10))
    assert desk.feed.frame_at(0) == 20
    assert desk.feed.frame_at(59.9) == 22
    assert desk.feed.frame_at(60) == 23


def test_a_ring_that_ran_over_before_it_was_ready_moves_its_beginning(desk: Desk) -> None:
    desk.feed.open(desk.recognizer, desk.told.append)
    desk.append(1, 130)
    desk.feed.begin()
    assert desk.feed.frame_at(0) == 30


@pytest.mark.parametrize(("batch_ms", "frames"), [(20, 1), (40, 2), (60, 3), (10, 1), (500, 25)])
def test_live_audio_goes_out_in_whole_batches(desk: Desk, batch_ms: int, frames: int) -> None:
    desk.set(stt_batch_ms=batch_ms)
    desk.feed = desk.made()
    stream = desk.open()
    for count in range(1, 80):
        desk.append(1, 1)
        assert len(stream.written) // FRAME_BYTES == count // frames * frames


def test_it_says_whether_there_was_a_batch_to_write(desk: Desk) -> None:
    desk.open()
    said: list[bool] = []
    for payload in word(1, 4):
        desk.ring.append(payload, voiced=True)
        said.append(desk.feed.feed())
    assert said == [False, False, True, False]


def test_no_write_is_longer_than_the_bound_however_much_is_to_be_replayed(desk: Desk) -> None:
    desk.append(1, 100)
    stream = desk.open()
    writes: list[int] = []
    stream.write = lambda audio: writes.append(len(audio))  # type: ignore[method-assign]
    desk.feed.feed()
    assert writes == [WRITE_MAX_FRAMES * FRAME_BYTES, 20 * FRAME_BYTES]


def test_every_frame_is_written_once_whatever_the_ring_lets_go_of(desk: Desk) -> None:
    stream = desk.open()
    for number in range(1, 60):
        desk.append(number, 7)
        desk.ring.cut(desk.ring.end - 3)
    said = b"".join(b"".join(word(number, 7)) for number in range(1, 60))
    assert said.startswith(bytes(stream.written))
    assert len(said) - len(stream.written) < 3 * FRAME_BYTES


def test_the_time_of_every_write_is_measured(desk: Desk) -> None:
    stream = desk.open()

    def slow(_audio: bytes) -> None:
        desk.clock._now += 0.25

    stream.write = slow  # type: ignore[method-assign,assignment]
    desk.append(1, 3)
    assert desk.context.stats.stt_write.take_mean() == pytest.approx(0.25)


# --- age ------------------------------------------------------------------------------


def test_its_age_is_that_of_the_clock_when_little_is_said(desk: Desk) -> None:
    desk.open()
    desk.append(1, 3)
    desk.advance(100)
    assert desk.feed.age_s == pytest.approx(100)


def test_its_age_is_that_of_the_audio_when_that_is_more(desk: Desk) -> None:
    desk.append(1, 90)
    desk.open()
    desk.feed.feed()
    assert desk.feed.age_s == pytest.approx(90 * 0.02)


def test_its_age_counts_from_its_opening(desk: Desk) -> None:
    desk.advance(50)
    desk.open()
    desk.advance(5)
    assert desk.feed.age_s == pytest.approx(5)


# --- the end --------------------------------------------------------------------------


def test_a_cancelled_stream_hears_nothing_more_and_says_nothing_more(desk: Desk) -> None:
    stream = desk.open()
    desk.feed.cancel()
    desk.append(1, 30)
    stream.say(ports.Final("late", 0.0))
    assert stream.cancelled
    assert stream.written == b""
    assert desk.told == [StreamHeard(7, ports.StreamOpened())]
    desk.feed.cancel()
