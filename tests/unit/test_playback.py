"""One playback: texts become frames and marks, by credit, and marks tell what was heard."""

import pytest

from actors.messages import Mark, OutboundFrame
from actors.playback import (
    AHEAD_FRAMES,
    PAUSE_FRAMES,
    TEXT_MAX_CHARS,
    TEXTS_MAX,
    Playback,
)
from actors.playback_frames import REWIND_FRAMES
from actors.spoken_text import CHARS_PER_FRAME
from dialogue.ports import Say
from media.frame import FRAME_BYTES, SILENCE_FRAME
from speech import ports
from tests.support.engines import CountingSynthesizer
from tests.support.peers import RecordingPeer

pytestmark = pytest.mark.unit

TARGET = 16


class Speaking:
    """A playback, its synthesiser and a TX that can be drained."""

    def __init__(self, *, at_once: bool = True, max_frames: int = 3000) -> None:
        self.synthesizer = CountingSynthesizer(at_once=at_once)
        self.tx = RecordingPeer()
        self.tx.on_post = self._hold
        self.late: list[ports.SynthesisEvent] = []
        self.playback = Playback(
            7,
            "reply_end",
            synthesizer=self.synthesizer,
            on_speech=self.late.append,
            max_frames=max_frames,
            mark_every_frames=25,
        )

    def _hold(self, message: object) -> None:
        self.tx.held += isinstance(message, OutboundFrame)

    def settle(self) -> None:
        """Let the synthesiser's events reach the playback, as they do by way of the mailbox."""
        while self.late:
            self.playback.heard_from_engine(self.late.pop(0))

    def say(self, *texts: str) -> None:
        for text in texts:
            self.playback.say(Say(text))
            self.settle()

    def push(self) -> None:
        self.playback.push(self.tx, TARGET)
        self.settle()

    def play(self, pushes: int = 200) -> None:
        """Let TX drain and ask until nothing more comes."""
        for _ in range(pushes):
            self.tx.held = 0
            self.push()

    def played(self, mark: str, at: float = 0.0) -> None:
        self.playback.position.mark_played(mark, at)

    @property
    def heard_text(self) -> str:
        return self.playback.heard_text(self.playback.position.proved)

    @property
    def remaining_s(self) -> float:
        return self.playback.remaining_s(self.playback.position.proved)

    @property
    def unheard_texts(self) -> list[str]:
        return [say.text for say in self.playback.unheard]

    @property
    def frames(self) -> list[bytes]:
        return [frame.payload for frame in self.tx.of(OutboundFrame)]

    @property
    def order(self) -> list[str]:
        """Names of marks, each with the number of frames in front of it."""
        marks: list[str] = []
        count = 0
        for message in self.tx.messages:
            count += isinstance(message, OutboundFrame)
            if isinstance(message, Mark):
                marks.append(f"{count} {message.name}")
        return marks


def pieces(audio: bytes) -> list[bytes]:
    return [audio[start : start + FRAME_BYTES] for start in range(0, len(audio), FRAME_BYTES)]


def test_no_more_is_handed_over_than_tx_has_use_for() -> None:
    it = Speaking()
    it.say("a text of some length")
    it.push()
    assert len(it.frames) == TARGET
    it.push()
    assert len(it.frames) == TARGET
    it.tx.held = 8
    it.push()
    assert len(it.frames) == TARGET + 8


def test_a_whole_reply_arrives_in_order_with_a_mark_at_its_beginning_and_every_half_second() -> (
    None
):
    it = Speaking()
    it.say("twelve chars")
    it.playback.finish()
    it.play(10)
    assert it.frames == pieces(it.synthesizer.audio("twelve chars"))
    assert it.order == ["1 at1#7", "25 at25#7", "50 at50#7", "60 reply_end#7"]
    assert {message.epoch for message in it.tx.messages} == {7}


def test_every_text_has_a_mark_behind_its_first_frame() -> None:
    it = Speaking()
    it.say("one", "two")
    it.play(10)
    second = 15 + PAUSE_FRAMES + 1
    assert it.order == ["1 at1#7", "25 at25#7", f"{second} at{second}#7"]


def test_a_breath_lies_between_two_texts() -> None:
    it = Speaking()
    it.say("one", "two")
    it.playback.finish()
    it.play(10)
    assert it.frames == [
        *pieces(it.synthesizer.audio("one")),
        *[SILENCE_FRAME] * PAUSE_FRAMES,
        *pieces(it.synthesizer.audio("two")),
    ]


def test_the_end_mark_waits_for_the_last_text_and_is_set_once() -> None:
    it = Speaking()
    it.say("a")
    it.play(5)
    assert not it.playback.all_pushed
    it.playback.finish()
    it.play(5)
    assert it.order == ["1 at1#7", "5 reply_end#7"]
    assert it.playback.all_pushed


def test_a_reply_without_a_word_is_an_end_mark() -> None:
    it = Speaking()
    it.playback.finish()
    it.push()
    assert it.order == ["0 reply_end#7"]


def test_the_end_mark_waits_for_the_synthesiser() -> None:
    it = Speaking(at_once=False)
    it.say("a")
    it.playback.finish()
    it.push()
    assert it.order == []
    it.playback.heard_from_engine(ports.AudioChunk(b"x" * 10))
    it.push()
    assert it.frames == []
    it.playback.heard_from_engine(ports.SynthesisDone())
    it.push()
    assert it.frames == [b"x" * 10 + SILENCE_FRAME[10:]]
    assert it.order == ["1 at1#7", "1 reply_end#7"]


def test_texts_are_synthesised_one_after_the_other_and_not_far_ahead() -> None:
    it = Speaking()
    long_text = "x" * (AHEAD_FRAMES // 5 + 1)
    it.say(long_text, "next", "last")
    assert [job.text for job in it.synthesizer.jobs] == [long_text]
    it.play(1)
    assert [job.text for job in it.synthesizer.jobs] == [long_text, "next"]


def test_a_text_that_fails_is_passed_over_and_the_next_is_spoken() -> None:
    it = Speaking(at_once=False)
    it.say("bad", "good")
    assert not it.playback.heard_from_engine(ports.SynthesisFailed("no voice"))
    assert [job.text for job in it.synthesizer.jobs] == ["bad", "good"]
    assert it.playback.heard_from_engine(ports.AudioChunk(b"g" * FRAME_BYTES))


def test_too_much_speech_is_cut_at_the_bound_and_the_rest_is_not_spoken() -> None:
    it = Speaking(max_frames=20)
    it.playback.say(Say("long text"))
    it.playback.say(Say("and more"))
    it.settle()
    it.playback.finish()
    it.play(10)
    assert it.playback.truncated
    assert it.frames == pieces(it.synthesizer.audio("long text"))[:20]
    assert it.order == ["1 at1#7", "20 reply_end#7"]
    assert it.synthesizer.jobs[0].cancelled
    assert len(it.synthesizer.jobs) == 1


def test_more_texts_than_the_bound_are_not_spoken() -> None:
    it = Speaking(at_once=False)
    it.say(*["t"] * TEXTS_MAX)
    assert not it.playback.truncated
    it.say("one too many")
    assert it.playback.truncated
    assert len(it.unheard_texts) == TEXTS_MAX


def test_a_text_is_cut_at_its_bound() -> None:
    it = Speaking(at_once=False)
    it.say("t" * (TEXT_MAX_CHARS + 1))
    assert it.playback.truncated
    assert it.synthesizer.jobs[0].text == "t" * TEXT_MAX_CHARS


def test_cancelling_stops_the_synthesis_and_drops_what_waits() -> None:
    it = Speaking(at_once=False)
    it.say("one", "two")
    it.playback.cancel()
    it.play(3)
    assert it.synthesizer.jobs[0].cancelled
    assert len(it.synthesizer.jobs) == 1
    assert it.frames == []


# --- what was heard -------------------------------------------------------------------


def test_nothing_was_heard_before_a_mark_says_so() -> None:
    it = Speaking()
    it.say("hello there you")
    it.play(10)
    assert it.heard_text == ""
    assert it.unheard_texts == ["hello there you"]
    assert it.remaining_s == pytest.approx(1.5)


def test_heard_are_the_whole_words_in_front_of_the_mark() -> None:
    it = Speaking()
    it.say("hello there you")
    it.play(10)
    it.played("at25#7")
    assert it.heard_text == ""
    it.played("at50#7")
    assert it.heard_text == "hello"
    assert it.remaining_s == pytest.approx(0.5)
    it.played("at75#7")
    assert it.heard_text == "hello there you"
    assert it.unheard_texts == []


def test_the_texts_in_front_are_heard_and_those_behind_are_not() -> None:
    it = Speaking()
    it.say("hello", "good day", "bye")
    it.play(10)
    it.played("at50#7")
    assert it.heard_text == "hello"
    assert it.unheard_texts == ["good day", "bye"]


def test_the_end_mark_says_that_all_was_heard() -> None:
    it = Speaking()
    it.say("a")
    it.playback.finish()
    it.play(2)
    it.played("reply_end#6")
    assert it.heard_text == ""
    it.played(it.playback.end_mark)
    assert it.heard_text == "a"
    assert it.playback.is_spoken_out(it.playback.position.proved)


def test_a_mark_that_comes_late_or_twice_takes_nothing_back() -> None:
    it = Speaking()
    it.say("hello there you")
    it.play(10)
    it.played("at75#7")
    it.played("at25#7")
    it.played("at75#7")
    assert it.heard_text == "hello there you"


def test_while_a_text_is_still_being_made_its_length_is_guessed_from_its_letters() -> None:
    it = Speaking(at_once=False)
    text = "one two three four five six seven eight"
    it.say(text)
    it.playback.heard_from_engine(ports.AudioChunk(b"x" * FRAME_BYTES * 60))
    it.play(5)
    it.played("at50#7")
    chars = int(50 * CHARS_PER_FRAME)
    assert it.heard_text == text[:chars].rpartition(" ")[0] == "one two three"
    assert it.unheard_texts == [text]


def test_a_playback_that_goes_on_is_marked_behind_its_first_frame_again() -> None:
    it = Speaking()
    it.say("hello there you")
    it.play(2)
    pushed, marks = len(it.frames), len(it.order)
    it.playback.hold(pushed)
    it.playback.go_on(8)
    it.play(1)
    begin = pushed - REWIND_FRAMES
    assert it.order[marks] == f"{pushed + 1} at{begin + 1}#8"
