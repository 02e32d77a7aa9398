"""A running media stream: the connection, the timer, and the pure parts they move.

On a tick the caller's frames are sent, the agent's audio is played and due marks are
echoed, all by the clock. What is measured lives in `microphone`, `loudspeaker` and `ear`.
Decides nothing about what is said: that is `Line`, which is built on it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from phone.caller_messages import CONNECTED, CallerMessages
from phone.clock import Clock
from phone.connection import MediaConnection
from phone.ear import Ear
from phone.echo import Echo
from phone.histogram import Histogram
from phone.identity import Identity
from phone.line_options import LineOptions
from phone.loudspeaker import Loudspeaker
from phone.microphone import Microphone
from phone.recorder import Recorder
from phone.server_messages import Clear, Fault, FaultKind, parse
from phone.waiters import Waiters

STALL_S: Final = 0.005
"""A tick later than this lets the socket go first, so that the phone blames nobody else."""


class Stream:
    """One stream to a server."""

    def __init__(
        self,
        connection: MediaConnection,
        identity: Identity,
        parameters: Mapping[str, str],
        options: LineOptions,
    ) -> None:
        self.clock = Clock(options.speed)
        self.started_at = self.clock.now() + options.start_delay_s
        """When sample 0 is spoken and played."""
        self._line_echo = Echo(options.echo) if options.echo else None
        self.microphone = Microphone(
            self.started_at,
            options.network,
            sends_silence=options.sends_silence,
            echo=self._line_echo,
        )
        self.loudspeaker = Loudspeaker(self.started_at, options.is_stale)
        self.ear = Ear()
        self.tick_lateness = Histogram()
        """How late the phone's own timer was: its fault, not the server's."""
        self.refused_frames = 0
        """Caller frames thrown away because the server read too slowly."""
        self.ended_by: str | None = None
        """`caller`, `server` or `phone` (it failed); None while the stream runs."""
        self.duration_s = 0.0
        self.failure: Exception | None = None
        self._options = options
        self._parameters = parameters
        self._stream_sid = identity.stream_sid
        self._messages = CallerMessages(identity)
        self._connection = connection
        self._recorder = Recorder(options.recording) if options.recording else None
        self._started = False
        self._gave_way = False
        self._wake_at = self.started_at
        self._timer: asyncio.TimerHandle | None = None
        self._waiters = Waiters()

    @property
    def sent_frames(self) -> int:
        """Caller frames handed to the socket, those it refused among them."""
        return self._messages.media_messages

    @property
    def close_code(self) -> int | None:
        """The code the socket was closed with; None while it is open."""
        return self._connection.close_code

    @property
    def position(self) -> int:
        """The sample that is being played now."""
        return self.loudspeaker.playout.position(self.clock.now())

    @property
    def ended(self) -> bool:
        """Whether the stream is over, for whatever reason."""
        return self.ended_by is not None

    def begin(self) -> None:
        """Send `connected`, and `start` when its time has come."""
        self._connection.attach(self._on_message, self._on_lost)
        self._connection.post(CONNECTED)
        if self._options.start_delay_s <= 0.0:
            self._start()
        else:
            self._timer = self.clock.call_at(self.started_at, self._start)

    def _start(self) -> None:
        if not self.ended:
            self._connection.post(self._messages.start(self._parameters))
            self._started = True
            self._schedule()

    def _on_message(self, data: bytes, text: bool) -> None:  # noqa: FBT001 - MessageHandler
        if not self.ended:  # What was on its way at the hang-up is no fault.
            self._guarded(partial(self._receive, data, text=text))

    def _on_lost(self) -> None:
        self._end("server")

    def _tick(self) -> None:
        if not self._gave_way and self.clock.now() - self._wake_at > STALL_S:
            # The phone was held up: what lies in the socket came before this tick was due.
            self._gave_way = True
            self._timer = self.clock.call_at(self.clock.now(), self._tick)
            return
        self._gave_way = False
        self._guarded(self._work)
        if not self.ended:
            self._schedule()

    def _arrival_time(self) -> float:
        """Now, or the time of an overdue tick: a stall of the phone is not the server's."""
        now = self.clock.now()
        return min(now, self._wake_at) if self._started else now

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the loop's callbacks have nobody to raise to
            self.failure = error
            self._end("phone")
            self._connection.abort()

    def _receive(self, data: bytes, *, text: bool) -> None:
        message = parse(data, text=text, stream_sid=self._stream_sid)
        if not self._started:
            message = Fault(FaultKind.BEFORE_START, type(message).__name__)
        now = self._arrival_time()
        if self._options.on_message is not None:
            self._options.on_message(message, now)
        self._echo(self.loudspeaker.receive(message, now))
        if isinstance(message, Clear):
            self._play(b"")
            self.ear.agent_cut(self.loudspeaker.playout.position(now))
        self._wake_for_mark()

    def _work(self) -> None:
        now = self.clock.now()
        self.tick_lateness.add(now - self._wake_at)
        said = self._send_frames(now)
        self._echo(self.loudspeaker.advance(now))
        self._play(said)
        self._waiters.check(now)

    def _send_frames(self, now: float) -> bytes:
        said = self.microphone.capture(now)
        for frame in self.microphone.release(now):
            message = self._messages.media(frame.payload, frame.timestamp_ms)
            if not self._connection.post(message, droppable=True):
                self.refused_frames += self._connection.is_open
            self.ear.caller_sent(frame.said, self.loudspeaker.playout.position(now))
        return said

    def _play(self, said: bytes) -> None:
        start, audio = self.loudspeaker.playout.take()
        if audio:
            self.ear.agent_played(start, audio)
            if self._line_echo is not None:
                self._line_echo.played(audio)
        if self._recorder is not None:
            self._recorder.add(said, audio)

    def _echo(self, names: Sequence[str]) -> None:
        for name in names:
            if self._options.mark_delay_s > 0.0:
                due_at = self.clock.now() + self._options.mark_delay_s
                self.clock.call_at(due_at, partial(self._post_mark, name))
            else:
                self._post_mark(name)

    def _post_mark(self, name: str) -> None:
        if not self.ended:
            self._connection.post(self._messages.mark(name))

    def _schedule(self) -> None:
        mark_at = self.loudspeaker.playout.next_mark_at
        frame_at = self.microphone.next_at
        self._wake_at = frame_at if mark_at is None else min(frame_at, mark_at)
        self._timer = self.clock.call_at(self._wake_at, self._tick)

    def _wake_for_mark(self) -> None:
        mark_at = self.loudspeaker.playout.next_mark_at
        if self._started and not self.ended and mark_at is not None and mark_at < self._wake_at:
            if self._timer is not None:
                self._timer.cancel()
            self._schedule()

    def _end(self, by: str) -> None:
        if self.ended:
            return
        self.ended_by = by
        now = self.clock.now()
        self.duration_s = max(0.0, now - self.started_at)
        if self._timer is not None:
            self._timer.cancel()
        try:
            self._play_out(now)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of the end regardless
            self.failure = self.failure or error
        self._waiters.end()

    def _play_out(self, now: float) -> None:
        self.loudspeaker.advance(now)
        self._play(self.microphone.capture(now))
        if self._recorder is not None:
            self._recorder.close()
        self._waiters.check(now)
