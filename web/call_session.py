"""One media stream: what Twilio says becomes messages for the actors of its call.

Owns the order of a stream (`start` first, once, with its token) and the limits that keep a
flood from reaching the actors' control lanes. Reads no socket: `web/media_socket.py` hands
it messages, and tests do. The call's answers go out through `TwilioCallerSocket`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from loguru import logger

from actors import messages
from actors.call_line import CallLine
from actors.clock import Clock
from actors.root import CallRefused
from media.twilio import (
    Connected,
    DigitReceived,
    FormatError,
    Ignored,
    MarkEchoed,
    MediaReceived,
    Started,
    Stopped,
    WireError,
    decode,
)
from telemetry import Metrics, printable
from web.caller_audio import CallerAudio
from web.caller_number import CALLER_PARAMETER, caller_of
from web.caller_socket import Transport, TwilioCallerSocket
from web.rate_limit import RateLimit
from web.root_port import Root
from web.strays import Strays
from web.tokens import Tokens
from web.voice_edges import VoiceEdges

UNSUPPORTED_DATA: Final = 1003
"""Close code for audio in another format than the call path's (RFC 6455, 7.4.1)."""

POLICY_VIOLATION: Final = 1008
"""Close code for a wrong token or too much nonsense (RFC 6455, 7.4.1)."""

TRY_AGAIN_LATER: Final = 1013
"""Close code for a refused call (IANA WebSocket close codes)."""

DIGIT_BURST: Final = 16
"""Keys taken at once: far from the 128 messages of the smallest control lane allowed."""

DIGIT_RATE_HZ: Final = 20.0
"""Keys a second: DTMF needs at least 80 ms for one (ITU-T Q.24), so no caller is faster."""

Control = Connected | Started | DigitReceived | MarkEchoed | Stopped | Ignored
"""Every event but audio."""


@dataclass(frozen=True, slots=True)
class Border:
    """What every session shares: made once by the server."""

    root: Root
    tokens: Tokens | None
    """None: no token is demanded, only this machine is served."""
    metrics: Metrics
    make_voice: Callable[[], VoiceEdges]
    clock: Clock
    """The one that the actors live by."""


@dataclass(frozen=True, slots=True)
class _Call:
    """What there is once a stream's call has begun."""

    line: CallLine
    socket: TwilioCallerSocket
    audio: CallerAudio


class CallSession:
    """The receiving side of one media socket."""

    def __init__(self, border: Border, transport: Transport) -> None:
        """Wait for the stream to start."""
        self._border = border
        self._transport = transport
        self._strays = Strays(border.metrics.bad_messages)
        self._digits = RateLimit(burst=DIGIT_BURST, rate_hz=DIGIT_RATE_HZ, now=border.clock.now())
        self._stream_sid: str | None = None
        self._call: _Call | None = None
        self._stopped = False

    @property
    def started(self) -> bool:
        """Whether `start` has come, accepted or not."""
        return self._stream_sid is not None

    def on_text(self, message: bytes) -> None:
        """Take one text message."""
        try:
            event = decode(message)
        except WireError as error:
            self._on_malformed(error)
            return
        if isinstance(event, MediaReceived):
            call = self._call_of(event.stream_sid)
            if call is not None:
                call.audio.push(event.payload, event.timestamp_ms)
        else:
            self._on_control(event)

    def on_binary(self) -> None:
        """Take note of a binary message: Twilio sends none."""
        self._strays.ignore("binary message")

    def on_closed(self, code: int | None) -> None:
        """The connection is gone."""
        if self._call is not None:
            self._call.audio.close()
            self._call.line.call.post(messages.SocketClosed(code))

    def _on_malformed(self, error: WireError) -> None:
        if isinstance(error, FormatError) and not self.started:
            self._border.metrics.refused.labels("media_format").inc()
            logger.warning("media socket: stream refused: {}", error)
            self._transport.finish(UNSUPPORTED_DATA, "media format")
        elif self._strays.ignore_malformed(error):
            self._transport.finish(POLICY_VIOLATION, "too many malformed messages")

    def _on_control(self, event: Control) -> None:
        match event:
            case Started():
                self._on_started(event)
            case DigitReceived() | MarkEchoed() | Stopped():
                call = self._call_of(event.stream_sid)
                if call is not None:
                    self._on_own(event, call)
            case Ignored(reason):
                self._strays.ignore("unknown event", reason)
            case Connected():
                pass
            case _:
                assert_never(event)

    def _on_own(self, event: DigitReceived | MarkEchoed | Stopped, call: _Call) -> None:
        match event:
            case DigitReceived(digit=digit):
                self._on_digit(digit, call)
            case MarkEchoed(name=name):
                self._on_mark(name, call)
            case Stopped():
                self._on_stopped(call)
            case _:
                assert_never(event)

    def _call_of(self, stream_sid: str) -> _Call | None:
        """Return the call that a stream belongs to, or None after counting a stray."""
        if self._call is None:
            self._strays.ignore("message before start")
        elif self._stopped:
            self._strays.ignore("message after stop")
        elif stream_sid != self._stream_sid:
            self._strays.ignore("wrong streamSid")
        else:
            return self._call
        return None

    def _on_started(self, event: Started) -> None:
        if self.started:
            self._strays.ignore("second start")
            return
        self._stream_sid = event.stream_sid
        self._strays.call_sid = printable(event.call_sid)
        tokens = self._border.tokens
        token = event.parameters.get("token", "")
        if tokens is not None and not tokens.redeem(event.call_sid, token):
            self._refuse(event, POLICY_VIOLATION, "token")
            return
        self._begin(event)

    def _begin(self, event: Started) -> None:
        # Everything that may fail comes first: a call that began has somebody to end it.
        voice = self._border.make_voice()
        socket = TwilioCallerSocket(self._transport, event.stream_sid, voice.echo)
        try:
            caller = caller_of(event.parameters.get(CALLER_PARAMETER, ""))
            line = self._border.root.begin(event.call_sid, event.stream_sid, socket, caller)
        except CallRefused as refusal:
            self._refuse(event, TRY_AGAIN_LATER, refusal.reason)
            return
        audio = CallerAudio(line, voice, self._border.clock)
        self._call = _Call(line, socket, audio)

    def _refuse(self, event: Started, code: int, reason: str) -> None:
        self._border.metrics.refused.labels(reason).inc()
        call_sid = printable(event.call_sid)
        logger.bind(call_sid=call_sid).warning("media socket: call refused: {}", reason)
        self._transport.finish(code, reason)

    def _on_digit(self, digit: str, call: _Call) -> None:
        if self._digits.take(self._border.clock.now()):
            call.line.agent.post(messages.DigitPressed(digit))
        else:
            self._strays.ignore("digits too fast")

    def _on_mark(self, name: str, call: _Call) -> None:
        if call.socket.take_mark(name):
            call.line.tx.post(messages.MarkEchoed(name))
        else:
            self._strays.ignore("mark that was not asked for")

    def _on_stopped(self, call: _Call) -> None:
        call.audio.finish()
        self._stopped = True
        call.line.call.post(messages.StreamStopped())
