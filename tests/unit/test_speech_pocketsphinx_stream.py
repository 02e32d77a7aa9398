"""A stream to the recogniser, over workers that answer when the test says so."""

from typing import cast

import pytest

from media.frame import SILENCE_FRAME
from speech.packets import Packet, PacketReader
from speech.pocketsphinx_stream import MAX_HELD_BYTES, PocketsphinxStream, StreamCounters
from speech.ports import Final, RecognizerEvent, StreamEnded, StreamOpened
from speech.tone import tone
from speech.worker_kinds import FromWorker, ToWorker
from speech.worker_pool import WorkerPool, _Place
from speech.worker_process import WorkerSpec
from speech.worker_seat import WorkerSeat

pytestmark = pytest.mark.unit

VOICE = tone("a" * 12)
QUIET = SILENCE_FRAME * 40


class FakeSeat:
    def __init__(self) -> None:
        self.ready = True
        self.down = False
        self.sent: list[Packet] = []

    def send(self, data: bytes) -> None:
        self.sent += PacketReader().feed(data)

    def jobs(self, kind: ToWorker) -> list[int]:
        return [packet.job for packet in self.sent if packet.kind == kind]


class Bench:
    """One stream on one seat."""

    def __init__(self, *, ready: bool = True) -> None:
        self.events: list[RecognizerEvent] = []
        self.counters = StreamCounters()
        self.seat = FakeSeat()
        self.seat.ready = ready
        self.over: list[PocketsphinxStream] = []
        self.pool = WorkerPool(WorkerSpec("none", {}), 0, 4, lambda: None)
        self.pool._places.append(_Place(cast("WorkerSeat", self.seat)))
        self.stream = PocketsphinxStream(
            self.pool, self.events.append, self.counters, self.over.append
        )
        self.stream.pool_changed()

    def answer(self, job: int, text: str) -> None:
        packet = Packet(FromWorker.FINAL, job, text.encode())
        self.pool.seat_heard(cast("WorkerSeat", self.seat), packet)


def test_finals_come_in_the_order_of_speech_whatever_the_order_of_the_answers() -> None:
    bench = Bench()
    bench.stream.write((QUIET + VOICE) * 2 + QUIET)
    first, second = bench.seat.jobs(ToWorker.END)
    bench.answer(second, "two")
    assert bench.events == [StreamOpened()]
    bench.answer(first, "one")
    assert [event.text for event in bench.events if isinstance(event, Final)] == ["one", "two"]


def test_audio_flows_to_the_worker_before_the_utterance_ends() -> None:
    bench = Bench()
    bench.stream.write(QUIET + VOICE)
    assert bench.seat.jobs(ToWorker.AUDIO)
    assert bench.seat.jobs(ToWorker.END) == []


def test_sound_with_too_little_voice_is_dropped_and_counted() -> None:
    bench = Bench()
    bench.stream.write(QUIET + tone("aaa") + QUIET)
    assert bench.counters.too_short == 1
    assert len(bench.seat.jobs(ToWorker.DROP)) == 1
    bench.stream.half_close()
    assert bench.events == [StreamOpened(), StreamEnded("OK")]


def test_half_close_waits_for_the_last_final() -> None:
    bench = Bench()
    bench.stream.write(QUIET + VOICE)
    bench.stream.half_close()
    assert bench.events == [StreamOpened()]
    bench.answer(bench.seat.jobs(ToWorker.END)[0], "")
    assert isinstance(bench.events[1], Final)
    assert bench.events[2] == StreamEnded("OK")
    assert bench.counters.rejected == 1
    assert bench.over == [bench.stream]


def test_workers_that_do_not_keep_up_end_the_stream_within_its_bound() -> None:
    bench = Bench()
    sent = 0
    while not isinstance(bench.events[-1], StreamEnded):
        bench.stream.write(VOICE + QUIET)
        sent += len(VOICE + QUIET)
        assert sent < 2 * MAX_HELD_BYTES
    assert bench.events[-1].status == "RESOURCE_EXHAUSTED"
    assert bench.counters.overflows == 1
    assert bench.pool.in_flight == bench.pool.waiting == 0


def test_stream_opens_when_a_worker_comes_and_its_first_words_are_kept() -> None:
    bench = Bench(ready=False)
    bench.stream.write(QUIET + VOICE + QUIET)
    assert bench.events == []
    bench.seat.ready = True
    bench.pool.seat_ready(cast("WorkerSeat", bench.seat))
    bench.stream.pool_changed()
    bench.stream.pool_changed()
    assert bench.events == [StreamOpened()]
    assert len(bench.seat.jobs(ToWorker.END)) == 1


def test_stream_ends_unavailable_when_no_worker_can_be_had() -> None:
    bench = Bench()
    bench.stream.write(QUIET + VOICE)
    bench.seat.down = True
    bench.pool.trouble = "no memory"
    bench.stream.pool_changed()
    assert bench.events[-1] == StreamEnded("UNAVAILABLE", "no memory")
    bench.stream.write(VOICE)
    assert len(bench.events) == 2
