"""The stamped recogniser: the rhythm of a service, and every fault where the script has it."""

from collections.abc import Sequence

import pytest

from media.frame import SILENCE_FRAME
from speech.ports import (
    Final,
    Partial,
    Recognized,
    RecognizeFailed,
    Recognizer,
    RecognizerEvent,
    SpeechActivity,
    StreamEnded,
    StreamOpened,
)
from tests.support.stamped_faults import FOREVER, Fault, FaultBook, Kind
from tests.support.stamped_recognizer import ScriptedCrash, StampedRecognizer, StampedStream
from tests.support.stamped_speech import SpeechBuilder, batches, make_speech

pytestmark = pytest.mark.unit

SPEECH = make_speech(8, utterances=3)


class Ears:
    """A recogniser, and what its streams said."""

    def __init__(self, faults: Sequence[Fault] = (), **options: float) -> None:
        self.recognizer = StampedRecognizer(faults, **options)  # type: ignore[arg-type]
        self.said: list[list[RecognizerEvent]] = []

    def open(self) -> StampedStream:
        events: list[RecognizerEvent] = []
        self.said.append(events)
        return self.recognizer.open(events.append)

    def hear(self, frames: Sequence[bytes] = SPEECH.frames) -> list[RecognizerEvent]:
        stream = self.open()
        for payload in frames:
            stream.write(payload)
        return self.said[-1]


def texts(events: Sequence[RecognizerEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, Final)]


def statuses(events: Sequence[RecognizerEvent]) -> list[str]:
    return [event.status for event in events if isinstance(event, StreamEnded)]


def test_it_is_a_recognizer() -> None:
    recognizer: Recognizer = StampedRecognizer()
    assert recognizer.max_stream_s is None


def test_every_utterance_is_one_final_that_ends_with_its_last_word() -> None:
    finals = [event for event in Ears().hear() if isinstance(event, Final)]
    assert [final.text for final in finals] == [said.text for said in SPEECH.utterances]
    assert [final.end_ms for final in finals] == [said.end * 20.0 for said in SPEECH.utterances]


def test_partials_grow_by_a_word_and_activity_frames_them() -> None:
    said = SPEECH.utterances[0]
    events = Ears().hear(SPEECH.frames[: said.end + 15])
    assert isinstance(events[0], StreamOpened)
    assert (events[1], events[-2]) == (SpeechActivity(began=True), SpeechActivity(began=False))
    partials = [event for event in events if isinstance(event, Partial)]
    words = said.text.split()
    assert [one.text for one in partials] == [
        " ".join(words[: count + 1]) for count in range(len(words))
    ]
    assert [one.end_ms for one in partials] == [word.end * 20.0 for word in said.words]
    assert texts(events) == [said.text]


@pytest.mark.parametrize("size", [1, 159, 480, 12_800])
def test_how_the_audio_is_cut_into_writes_does_not_matter(size: int) -> None:
    ears = Ears()
    stream = ears.open()
    for at in range(0, len(SPEECH.audio), size):
        stream.write(SPEECH.audio[at : at + size])
    assert ears.said[0] == Ears().hear()


def test_a_cancelled_stream_is_silent() -> None:
    ears = Ears()
    stream = ears.open()
    stream.cancel()
    stream.write(SPEECH.audio)
    assert ears.said[0] == [StreamOpened()]


def test_a_word_with_a_lost_frame_is_not_heard() -> None:
    word = SPEECH.utterances[0].words[0]
    frames = [*SPEECH.frames[: word.start + 3], *SPEECH.frames[word.start + 4 :]]
    assert word.text not in " ".join(texts(Ears().hear(frames))).split()


def test_music_is_active_and_says_nothing() -> None:
    music = SpeechBuilder(1).pause(10).music(200).pause(50).build()
    events = Ears().hear(music.frames)
    assert events == [StreamOpened(), SpeechActivity(began=True), SpeechActivity(began=False)]


# --- faults ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["UNAVAILABLE", "RESOURCE_EXHAUSTED", "OK"])
def test_a_status_strikes_at_the_callers_frame(status: str) -> None:
    at = SPEECH.utterances[0].words[1].start + 4
    ears = Ears([Fault(status=status, at_frame=at)])
    events = ears.hear()
    assert statuses(events) == [status]
    assert ears.recognizer.streams[0].track.newest == at
    assert texts(ears.hear(SPEECH.frames)) == [said.text for said in SPEECH.utterances]


def test_a_fault_strikes_within_one_write() -> None:
    ears = Ears([Fault(after_frames=7)])
    ears.open().write(SPEECH.audio)
    assert ears.recognizer.streams[0].track.frames == 7


def test_rules_strike_the_streams_they_name() -> None:
    ears = Ears([Fault(stream=1, after_frames=2), Fault(status="ABORTED", stream=2)])
    assert [statuses(ears.hear()) for _ in range(4)] == [[], ["UNAVAILABLE"], ["ABORTED"], []]


def test_times_are_counted_for_each_call() -> None:
    other = make_speech(9)
    ears = Ears([Fault(times=2)])
    ended = [statuses(ears.hear(one.frames)) for one in (SPEECH, other, SPEECH, SPEECH, other)]
    assert ended == [["UNAVAILABLE"]] * 3 + [[], ["UNAVAILABLE"]]


def test_the_first_streams_may_be_spared() -> None:
    ears = Ears([Fault(spared=2, times=1)])
    ended = [statuses(ears.hear()) for _ in range(4)]
    assert ended == [[], [], ["UNAVAILABLE"], []]


def test_forever_never_wears_out() -> None:
    ears = Ears([Fault(times=FOREVER)])
    assert all(statuses(ears.hear()) == ["UNAVAILABLE"] for _ in range(9))


def test_a_fault_of_one_call_leaves_the_others_alone() -> None:
    ears = Ears([Fault(call=9, times=FOREVER)])
    assert statuses(ears.hear()) == []


def test_a_refused_opening_is_the_only_thing_said() -> None:
    ears = Ears([Fault(at_open=True, status="INVALID_ARGUMENT", times=2)])
    assert [ears.hear()[:1] for _ in range(3)] == [
        [StreamEnded("INVALID_ARGUMENT", "scripted")],
        [StreamEnded("INVALID_ARGUMENT", "scripted")],
        [StreamOpened()],
    ]


def test_a_mute_stream_hears_everything_and_never_answers() -> None:
    ears = Ears([Fault(kind=Kind.MUTE, at_frame=SPEECH.utterances[1].start)])
    stream = ears.open()
    for audio in batches(SPEECH):
        stream.write(audio)
    assert texts(ears.said[0]) == [SPEECH.utterances[0].text]
    assert statuses(ears.said[0]) == []
    assert stream.track.newest == len(SPEECH.frames) - 1


def test_a_stream_that_never_opens_says_nothing_at_all() -> None:
    ears = Ears([Fault(kind=Kind.MUTE, at_open=True)])
    assert ears.hear() == []


def test_a_delayed_opening_hears_afterwards_what_was_written_before() -> None:
    ears = Ears([Fault(kind=Kind.DELAY, at_open=True)])
    events = ears.hear()
    assert events == []
    ears.recognizer.streams[0].release()
    assert events == Ears().hear()


def test_a_crash_is_an_exception_out_of_write() -> None:
    stream = Ears([Fault(kind=Kind.RAISE, after_frames=3)]).open()
    with pytest.raises(ScriptedCrash):
        stream.write(SPEECH.audio)


def test_the_limit_of_a_stream_ends_it() -> None:
    ears = Ears(max_stream_s=2.0)
    assert statuses(ears.hear()) == ["OUT_OF_RANGE"]
    assert ears.recognizer.streams[0].track.frames == 100


def test_single_requests_answer_with_the_whole_words_or_as_scripted() -> None:
    recognizer = StampedRecognizer([Fault(request=True, stream=1, status="INTERNAL")])
    said = SPEECH.utterances[0]
    answers: list[Recognized | RecognizeFailed] = []
    for _ in range(3):
        recognizer.recognize(b"".join(SPEECH.frames[said.start : said.end]), answers.append)
    assert answers == [
        Recognized(said.text),
        RecognizeFailed("INTERNAL", "scripted"),
        Recognized(said.text),
    ]


def test_what_any_stream_heard_is_known_together() -> None:
    ears = Ears([Fault(after_frames=40)])
    ears.hear()
    ears.hear([*SPEECH.frames[30:60], SILENCE_FRAME])
    assert ears.recognizer.heard_ranges() == [(0, 60)]


def test_a_rule_survives_its_way_as_plain_data() -> None:
    fault = Fault(kind=Kind.DELAY, call=3, at_frame=77, seconds=1.5)
    assert Fault.from_json(fault.as_json()) == fault
    with pytest.raises(ValueError, match="nonsense"):
        Fault.from_json({"kind": "nonsense"})


def test_a_book_without_rules_strikes_nobody() -> None:
    book = FaultBook()
    assert (book.at_open(), book.on_stream(1, 0), book.on_request(1, 0)) == (None, [], None)
