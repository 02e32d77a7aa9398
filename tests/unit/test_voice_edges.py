"""Voice edges: times of arrival, and the end of a voice after which nothing comes."""

import pytest

from actors.messages import SpeechStarted, SpeechStopped
from media.frame import SILENCE_FRAME
from tests.support.web import VOICE, ScriptedDetector
from web.voice_edges import VoiceEdges

pytestmark = pytest.mark.unit


def make() -> VoiceEdges:
    return VoiceEdges(ScriptedDetector(), onset_ms=60, hangover_ms=180)


def test_speech_began_with_its_first_voiced_frame_and_ended_with_its_last() -> None:
    voice = make()
    edges = [voice.push(VOICE, at) for at in (10.00, 10.02, 10.04)]
    assert edges == [None, None, SpeechStarted(10.00)]
    quiet = [voice.push(SILENCE_FRAME, 10.06 + 0.02 * frame) for frame in range(9)]
    assert quiet[:8] == [None] * 8
    assert quiet[8] == SpeechStopped(10.04)
    assert not voice.speaking


def test_an_old_blip_is_not_the_beginning() -> None:
    voice = make()
    voice.push(VOICE, 1.0)
    voice.push(SILENCE_FRAME, 1.02)
    assert [voice.push(VOICE, at) for at in (5.0, 5.02, 5.04)][-1] == SpeechStarted(5.0)


def test_a_voice_ends_when_nothing_arrives_any_more() -> None:
    voice = make()
    for at in (1.0, 1.02, 1.04):
        voice.push(VOICE, at)
    assert voice.lapse(1.2) is None
    assert voice.speaking
    assert voice.lapse(1.24) == SpeechStopped(1.04)
    assert not voice.speaking
    assert voice.lapse(9.0) is None
