"""The instant recogniser and the humming synthesiser."""

import pytest

from media.frame import SILENCE_BYTE
from speech.energy_gate import MAX_UTTERANCE_FRAMES, EnergyGate
from speech.instant import InstantRecognizer
from speech.ports import (
    AudioChunk,
    Final,
    Partial,
    Recognized,
    RecognizeFailed,
    RecognizerEvent,
    StreamOpened,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
)
from speech.tone import MAX_TEXT_CHARS, ToneSynthesizer, tone

pytestmark = pytest.mark.unit


def quiet(ms: int) -> bytes:
    return bytes([SILENCE_BYTE]) * (8 * ms)


def voice(ms: int) -> bytes:
    return tone("a" * (ms // 60))


def finals(events: list[RecognizerEvent]) -> list[tuple[str, float]]:
    return [(event.text, event.end_ms) for event in events if isinstance(event, Final)]


def test_each_utterance_becomes_the_next_text_the_moment_it_ends() -> None:
    events: list[RecognizerEvent] = []
    stream = InstantRecognizer(["one", "two"]).open(events.append)
    stream.write(quiet(200) + voice(600) + quiet(280))
    assert finals(events) == []
    stream.write(quiet(20))
    assert finals(events) == [("one", 800)]
    stream.write((voice(600) + quiet(400)) * 2)
    assert [text for text, _ in finals(events)] == ["one", "two", "one"]


def test_result_does_not_depend_on_how_the_audio_is_cut() -> None:
    audio = quiet(100) + voice(900) + quiet(500) + voice(480) + quiet(500)
    results: list[list[RecognizerEvent]] = []
    for size in (160, 37, 480, len(audio)):
        events: list[RecognizerEvent] = []
        stream = InstantRecognizer(["a b c"]).open(events.append)
        for start in range(0, len(audio), size):
            stream.write(audio[start : start + size])
        results.append(events)
    assert all(events == results[0] for events in results)
    assert len(finals(results[0])) == 2


def test_partials_grow_by_words_and_can_be_switched_off() -> None:
    events: list[RecognizerEvent] = []
    InstantRecognizer(["one two three"]).open(events.append).write(voice(900) + quiet(400))
    partials = [event.text for event in events if isinstance(event, Partial)]
    assert partials == ["one", "one two", "one two three"]
    silent: list[RecognizerEvent] = []
    InstantRecognizer(["one two"], partials=False).open(silent.append).write(voice(900))
    assert silent == [StreamOpened()]


def test_text_may_be_a_function_of_the_audio() -> None:
    events: list[RecognizerEvent] = []
    recognizer = InstantRecognizer(lambda audio: str(len(audio) // 8), partials=False)
    recognizer.open(events.append).write(quiet(60) + voice(480) + quiet(400))
    assert finals(events) == [("480", 540)]


def test_click_and_line_noise_are_no_utterance() -> None:
    events: list[RecognizerEvent] = []
    stream = InstantRecognizer().open(events.append)
    stream.write(voice(60) + quiet(500) + bytes([0x7B, 0xFB] * 8000))
    assert events == [StreamOpened()]


def test_cancelled_stream_is_silent() -> None:
    events: list[RecognizerEvent] = []
    stream = InstantRecognizer().open(events.append)
    stream.cancel()
    stream.write(voice(600) + quiet(500))
    assert events == [StreamOpened()]


def test_endless_voice_is_cut_and_bounded() -> None:
    gate = EnergyGate(300)
    ended = [u for u in gate.push(voice(60) * 600) if u is not None]
    assert [len(u.audio) for u in ended] == [MAX_UTTERANCE_FRAMES * 160] * 2


def test_single_requests_take_the_texts_in_turn() -> None:
    answers: list[Recognized | RecognizeFailed] = []
    recognizer = InstantRecognizer(["one", "two"])
    for _ in range(3):
        recognizer.recognize(voice(600), answers.append).cancel()
    assert answers == [Recognized("one"), Recognized("two"), Recognized("one")]


def test_no_texts_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one text"):
        InstantRecognizer([])


def test_tone_is_deterministic_and_as_long_as_the_text() -> None:
    assert tone("ab cd") == tone("ab cd")
    assert len(tone("ab cd")) == 5 * 60 * 8
    assert tone("a c")[480:960] == quiet(60)


def test_tone_synthesiser_hands_over_all_audio_then_done() -> None:
    events: list[SynthesisEvent] = []
    ToneSynthesizer().synthesize("hello world", events.append)
    assert b"".join(e.audio for e in events if isinstance(e, AudioChunk)) == tone("hello world")
    assert events[-1] == SynthesisDone()


def test_tone_synthesiser_refuses_a_text_over_the_bound_without_echoing_it() -> None:
    events: list[SynthesisEvent] = []
    ToneSynthesizer().synthesize("x" * (MAX_TEXT_CHARS + 1), events.append)
    assert events == [SynthesisFailed("text: 2001 characters, at most 2000")]
