"""The caller's audio at the border: CallActor is told of the voice, whatever STT makes of it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.call_line import CallLine
from actors.clock import ManualClock
from actors.family import OutOfBand
from actors.messages import InboundFrame, VoiceHeard
from media.frame import SILENCE_FRAME
from tests.support.peers import RecordingPeer
from tests.support.web import VOICE, ScriptedDetector
from web.caller_audio import VOICE_TOLD_EVERY_FRAMES, CallerAudio
from web.voice_edges import VoiceEdges

pytestmark = pytest.mark.unit


class Border:
    """The audio of one caller, down a line that writes everything down."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rx, self.call = RecordingPeer(), RecordingPeer()
        peers: Any = (self.rx, RecordingPeer(), RecordingPeer(), self.call)
        line = CallLine(rx=peers[0], tx=peers[1], agent=peers[2], call=peers[3])
        voice = VoiceEdges(ScriptedDetector(), onset_ms=60, hangover_ms=180, confirm_ms=160)
        self.audio = CallerAudio(line, voice, self.clock)
        self._media_ms = 0

    def push(self, payload: bytes) -> None:
        self.audio.push(payload, self._media_ms)
        self._media_ms += len(payload) // 8
        self.clock.advance(len(payload) / 8000)

    def hear(self, *voiced: bool) -> None:
        for voice in voiced:
            self.push(VOICE if voice else SILENCE_FRAME)

    @property
    def told(self) -> list[int]:
        return [heard.voiced_frames for heard in self.call.of(VoiceHeard)]


def test_the_call_is_told_after_every_fifth_voiced_frame_of_all_so_far() -> None:
    border = Border()
    border.hear(*[True] * 4)
    assert border.told == []
    border.hear(*[True] * 9)
    assert border.told == [5, 10]
    assert VOICE_TOLD_EVERY_FRAMES == 5


def test_frames_without_voice_do_not_count_and_do_not_start_the_count_anew() -> None:
    border = Border()
    border.hear(*[True, False, False] * 10)
    assert border.told == [5, 10]


def test_it_is_told_when_the_newest_voice_arrived() -> None:
    border = Border()
    border.hear(*[True] * 5)
    border.hear(*[False] * 50)
    (heard,) = border.call.of(VoiceHeard)
    voiced = [frame for frame in border.rx.of(InboundFrame) if frame.voiced]
    assert heard.heard_at == voiced[4].arrived_at


def test_frames_that_arrive_in_one_message_count_one_by_one() -> None:
    border = Border()
    border.push(VOICE * 12)
    assert border.told == [5, 10]


def test_half_a_frame_counts_when_it_is_whole() -> None:
    border = Border()
    border.push(VOICE * 4 + VOICE[:80])
    assert border.told == []
    border.push(VOICE[80:])
    assert border.told == [5]


def test_a_newer_count_may_replace_an_older_one_because_it_holds_it() -> None:
    assert issubclass(VoiceHeard, OutOfBand)
    assert VoiceHeard.COALESCES


@settings(derandomize=True, database=None)
@given(st.lists(st.booleans(), max_size=200))
def test_the_newest_count_is_never_more_than_four_frames_behind(voiced: list[bool]) -> None:
    border = Border()
    border.hear(*voiced)
    newest = border.told[-1] if border.told else 0
    assert 0 <= sum(voiced) - newest < VOICE_TOLD_EVERY_FRAMES
    assert border.told == sorted(set(border.told))
