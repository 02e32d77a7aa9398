"""A call session: events become messages, in order, and nonsense harms nobody."""

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.clock import ManualClock
from actors.messages import (
    DigitPressed,
    InboundFrame,
    MarkEchoed,
    SocketClosed,
    SpeechStarted,
    SpeechStopped,
    StreamStopped,
)
from media.frame import SILENCE_FRAME
from media.voice_activity import VoiceEdge
from telemetry import Metrics
from tests.support.web import (
    VOICE,
    FakeCall,
    FakeRoot,
    FakeTransport,
    ScriptedDetector,
    digit,
    logged,
    mark,
    media,
    metric,
    started,
    stopped,
)
from web.call_session import Border, CallSession
from web.strays import MAX_MALFORMED
from web.tokens import Tokens
from web.voice_edges import VoiceEdges

pytestmark = pytest.mark.unit


class Line:
    """A session with everything around it faked."""

    def __init__(self, *, with_tokens: bool = False) -> None:
        self.root, self.metrics, self.clock = FakeRoot(), Metrics(), ManualClock()
        self.transport = FakeTransport()
        self.tokens = Tokens(ttl_s=60, max_tokens=4, now=self.clock.now) if with_tokens else None
        border = Border(self.root, self.tokens, self.metrics, make_voice, self.clock)
        self.session = CallSession(border, self.transport)

    @property
    def call(self) -> FakeCall:
        return self.root.calls["CA1"]

    def hear(self, *messages: bytes) -> None:
        for message in messages:
            self.session.on_text(message)

    def bad(self) -> float:
        return metric(self.metrics, "bad_messages_total")


def make_voice() -> VoiceEdges:
    return VoiceEdges(ScriptedDetector(), onset_ms=60, hangover_ms=180, confirm_ms=160)


def test_a_whole_call_in_order() -> None:
    line = Line()
    line.hear(b'{"event":"connected"}', started(), media(SILENCE_FRAME, 40), digit("#"))
    assert (line.call.call_sid, line.call.stream_sid) == ("CA1", "MZ1")
    assert line.call.rx.posted == [InboundFrame(SILENCE_FRAME, 40, False, line.clock.now())]
    assert line.call.agent.posted == [DigitPressed("#")]
    line.call.socket.send_mark("a#1")
    line.hear(mark("a#1"), stopped())
    line.session.on_closed(1000)
    assert line.call.tx.posted == [MarkEchoed("a#1")]
    assert line.call.call.posted == [StreamStopped(), SocketClosed(1000)]
    assert line.bad() == 0
    assert not line.transport.finished


def test_voice_reaches_the_agent_with_the_times_of_its_frames() -> None:
    line = Line()
    line.hear(started())
    for frame in range(12):
        line.hear(media(VOICE if frame < 3 else SILENCE_FRAME, 20 * frame))
        line.clock.advance(0.02)
    begun_at = line.call.rx.posted[0].arrived_at
    voiced_until = line.call.rx.posted[2].arrived_at
    assert line.call.agent.posted == [SpeechStarted(begun_at), SpeechStopped(voiced_until)]
    assert [frame.voiced for frame in line.call.rx.posted] == [True] * 3 + [False] * 9


def test_a_voice_that_is_cut_off_ends_by_the_clock() -> None:
    line = Line()
    line.hear(started())
    for frame in range(3):
        line.hear(media(VOICE, 20 * frame))
    line.clock.advance(0.1)
    line.hear(media(VOICE, 160))
    line.clock.advance(0.1)
    assert not line.call.agent.of(SpeechStopped)
    line.clock.advance(0.5)
    assert len(line.call.agent.of(SpeechStopped)) == 1


def test_nothing_is_timed_for_a_call_that_is_over() -> None:
    line = Line()
    line.hear(started(), *[media(VOICE, 20 * frame) for frame in range(3)])
    line.session.on_closed(None)
    line.clock.advance(5.0)
    assert not line.call.agent.of(SpeechStopped)


def test_a_half_frame_is_held_and_filled_up_at_the_stop() -> None:
    line = Line()
    line.hear(started(), media(b"\x55" * 80, 0), stopped())
    (frame,) = line.call.rx.posted
    assert frame.payload == b"\x55" * 80 + b"\xff" * 80


def test_only_its_own_started_stream_is_heard() -> None:
    line = Line()
    with logged() as lines:
        line.hear(media(), digit(), mark("a"), stopped())
        line.hear(started(), started("CA2", "MZ2"), started())
        line.hear(media(stream_sid="MZ2"), stopped("MZ2"))
        line.hear(stopped(), media(), digit(), stopped())
    assert not line.call.rx.posted
    assert line.call.call.posted == [StreamStopped()]
    assert set(line.root.calls) == {"CA1"}
    assert line.bad() == 11
    told = [text.removeprefix("media socket: ignored: ").partition(";")[0] for text in lines]
    assert told == ["message before start", "second start", "wrong streamSid", "message after stop"]


def test_the_token_of_the_call_opens_it_once() -> None:
    line = Line(with_tokens=True)
    assert line.tokens is not None
    token = line.tokens.issue("CA1")
    line.hear(started(token=token))
    assert "CA1" in line.root.calls
    again = CallSession(
        Border(line.root, line.tokens, line.metrics, make_voice, line.clock), line.transport
    )
    again.on_text(started(token=token))
    assert line.transport.finished == [(1008, "token")]
    assert metric(line.metrics, "refused_total", reason="token") == 1


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_without_its_token_a_call_never_begins(token: str | None) -> None:
    line = Line(with_tokens=True)
    assert line.tokens is not None
    line.tokens.issue("CA1")
    with logged() as lines:
        line.hear(started(token=token))
    assert lines == ["media socket: call refused: token"]
    assert line.transport.finished == [(1008, "token")]
    assert not line.root.calls
    assert line.session.started
    line.session.on_closed(1008)


def test_a_refused_call_is_told_why() -> None:
    line = Line()
    line.root.refusal = "draining"
    line.hear(started(), media())
    assert line.transport.finished == [(1013, "draining")]
    assert metric(line.metrics, "refused_total", reason="draining") == 1


def test_a_fault_before_the_call_has_begun_leaves_none_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> VoiceEdges:
        raise RuntimeError("fault")

    monkeypatch.setattr(sys.modules[__name__], "make_voice", fail)
    line = Line()
    with pytest.raises(RuntimeError, match="fault"):
        line.hear(started())
    assert not line.root.calls


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        (started().replace(b"8000", b"16000"), "mediaFormat.sampleRate: expected 8000"),
        (started().replace(b"x-mulaw", b"l16"), "mediaFormat.encoding: expected audio/x-mulaw"),
        (started().replace(b"mediaFormat", b"other"), "mediaFormat: expected an object"),
    ],
)
def test_a_stream_of_another_format_is_refused_at_once_in_one_line(
    wrong: bytes, where: str
) -> None:
    line = Line()
    with logged() as lines:
        line.hear(wrong)
    assert lines == [f"media socket: stream refused: {where}"]
    assert line.transport.finished == [(1003, "media format")]
    assert metric(line.metrics, "refused_total", reason="media_format") == 1
    assert not line.root.calls


def test_a_second_start_of_another_format_harms_no_call() -> None:
    line = Line()
    line.hear(started(), started("CA2", "MZ2").replace(b"8000", b"16000"), media())
    assert not line.transport.finished
    assert line.bad() == 1
    assert len(line.call.rx.posted) == 1


def test_nonsense_is_told_once_a_kind_and_ends_the_socket_at_last() -> None:
    line = Line()
    with logged() as lines:
        line.hear(*[b"{"] * (MAX_MALFORMED - 2), media()[:-40], b"[]" * 3)
    assert line.transport.finished == [(1008, "too many malformed messages")]
    assert len(lines) == 1
    assert line.bad() == MAX_MALFORMED


def test_log_lines_hold_neither_digits_nor_tokens() -> None:
    line = Line()
    with logged() as lines:
        line.hear(started(), digit("Q7secret"), mark("secret#1"), started(token="secret"))
        line.hear(b'{"event":"media","media":"secret"}')
    assert len(lines) == 4
    assert "secret" not in "".join(lines)


def test_a_flood_of_digits_stays_below_every_control_lane() -> None:
    line = Line()
    line.hear(started(), *[digit()] * 2000)
    assert len(line.call.agent.posted) <= 32
    line.clock.advance(1.0)
    before = len(line.call.agent.posted)
    line.hear(digit("1"))
    assert line.call.agent.posted[before:] == [DigitPressed("1")]


def test_a_flood_of_marks_reaches_tx_only_as_often_as_it_asked() -> None:
    line = Line()
    line.hear(started())
    line.call.socket.send_mark("a#1")
    line.hear(*[mark("a#1")] * 2000)
    assert line.call.tx.posted == [MarkEchoed("a#1")]


MESSAGES = [
    b"{", started(), started("CA2", "MZ2"), media(), media(b""), media(b"\xff" * 500), digit(),
    mark("a"), stopped(), stopped("MZ2"), b'{"event":"connected"}', b'{"event":"x"}',
]  # fmt: skip


@settings(derandomize=True)
@given(st.lists(st.sampled_from(MESSAGES), max_size=40))
def test_any_order_of_messages_begins_and_ends_at_most_one_call(messages: list[bytes]) -> None:
    line = Line()
    line.hear(*messages)
    line.session.on_closed(None)
    assert len(line.root.calls) <= 1
    for call in line.root.calls.values():
        assert len(call.call.of(StreamStopped)) <= 1
        assert call.call.posted[-1] == SocketClosed(None)


@pytest.mark.parametrize(("sent", "caller"), [("+15550100", "+15550100"), ("<x>", "")])
def test_the_callers_number_comes_with_the_start(sent: str, caller: str) -> None:
    line = Line()
    with logged() as lines:
        line.hear(started(**{"from": sent}))
    assert line.call.caller == caller
    assert not any(sent in text for text in lines)


def test_a_start_without_a_number_is_a_call_from_nobody_known() -> None:
    line = Line()
    line.hear(started())
    assert line.call.caller == ""


class WeakVoiceDetector(ScriptedDetector):
    """Takes `WEAK` for voice as well."""

    def push(self, payload: bytes) -> VoiceEdge | None:
        return super().push(VOICE if payload == WEAK else payload)


WEAK = bytes([0xA0, 0x20] * 80)


def make_weak_voice() -> VoiceEdges:
    return VoiceEdges(WeakVoiceDetector(), onset_ms=60, hangover_ms=180, confirm_ms=160)


def test_the_agents_own_voice_come_back_is_not_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "make_voice", make_weak_voice)
    line = Line()
    line.hear(started())
    for frame in range(30):
        line.call.socket.send_media(VOICE)
        line.hear(media(WEAK, 20 * frame))
    assert line.call.agent.of(SpeechStarted) == []
    assert [frame.payload for frame in line.call.rx.of(InboundFrame)] == [WEAK] * 30
    line.hear(*[media(SILENCE_FRAME, 600 + 20 * frame) for frame in range(100)])
    line.hear(*[media(WEAK, 2600 + 20 * frame) for frame in range(3)])
    assert len(line.call.agent.of(SpeechStarted)) == 1
