"""Voice edges: times of arrival, and the end of a voice after which nothing comes."""

import pytest

from actors.messages import SpeechConfirmed, SpeechStarted, SpeechStopped
from media.frame import SILENCE_FRAME
from media.voice_activity import VoiceEdge
from tests.support.web import VOICE, ScriptedDetector
from web.voice_edges import Edge, VoiceEdges

pytestmark = pytest.mark.unit


def make() -> VoiceEdges:
    return VoiceEdges(ScriptedDetector(), onset_ms=60, hangover_ms=180, confirm_ms=160)


def push(voice: VoiceEdges, payload: bytes, at: float) -> Edge | None:
    return voice.push(payload, round(at * 1000), at)


def test_speech_began_with_its_first_voiced_frame_and_ended_with_its_last() -> None:
    voice = make()
    edges = [push(voice, VOICE, at) for at in (10.00, 10.02, 10.04)]
    assert edges == [None, None, SpeechStarted(10.00)]
    quiet = [push(voice, SILENCE_FRAME, 10.06 + 0.02 * frame) for frame in range(9)]
    assert quiet[:8] == [None] * 8
    assert quiet[8] == SpeechStopped(10.04)
    assert not voice.speaking


def edges_of(voice: VoiceEdges, pattern: str) -> list[tuple[int, type]]:
    """The edges a pattern of v(oice) and s(ilence) makes, each with its frame."""
    pushed = [
        push(voice, VOICE if c == "v" else SILENCE_FRAME, 0.02 * n) for n, c in enumerate(pattern)
    ]
    return [(n, type(edge)) for n, edge in enumerate(pushed) if edge is not None]


def test_a_voice_is_confirmed_once_after_so_much_of_it() -> None:
    assert edges_of(make(), "v" * 40) == [(2, SpeechStarted), (7, SpeechConfirmed)]


def test_a_cough_is_not_confirmed_by_the_hangover_behind_it() -> None:
    assert edges_of(make(), "v" * 6 + "s" * 9) == [(2, SpeechStarted), (14, SpeechStopped)]


def test_every_voice_needs_a_confirmation_of_its_own() -> None:
    started = [kind for _, kind in edges_of(make(), "vvvvsssssssss" * 3)]
    assert started == [SpeechStarted, SpeechStopped] * 3


def test_an_old_blip_is_not_the_beginning() -> None:
    voice = make()
    push(voice, VOICE, 1.0)
    push(voice, SILENCE_FRAME, 1.02)
    assert [push(voice, VOICE, at) for at in (5.0, 5.02, 5.04)][-1] == SpeechStarted(5.0)


def test_a_voice_ends_when_nothing_arrives_any_more() -> None:
    voice = make()
    for at in (1.0, 1.02, 1.04):
        push(voice, VOICE, at)
    assert voice.lapse(1.2) is None
    assert voice.speaking
    assert voice.lapse(1.24) == SpeechStopped(1.04)
    assert not voice.speaking
    assert voice.lapse(9.0) is None


class KeepingDetector(ScriptedDetector):
    """Keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.pushed: list[bytes] = []

    def push(self, payload: bytes) -> VoiceEdge | None:
        self.pushed.append(payload)
        return super().push(payload)


def test_what_may_be_echo_is_silence_to_the_detector() -> None:
    detector = KeepingDetector()
    voice = VoiceEdges(detector, onset_ms=60, hangover_ms=180, confirm_ms=160)
    weak = bytes([0xA0, 0x20] * 80)
    for frame in range(10):
        voice.echo.played(VOICE)
        push(voice, weak, 0.02 * frame)
    push(voice, VOICE, 0.2)
    assert detector.pushed == [SILENCE_FRAME] * 10 + [VOICE]
