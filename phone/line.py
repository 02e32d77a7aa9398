"""The caller's handset: speak, press keys, wait for the agent, hang up.

What tests and conversations use; the audio itself is moved by `stream`. All times and
positions are phone time since the stream began.
"""

from collections.abc import Callable, Mapping
from typing import Final

from media.frame import SAMPLE_RATE_HZ
from phone.connection import open_connection
from phone.errors import LineEndedError, PhoneError
from phone.identity import Identity
from phone.line_options import HangUp, LineOptions
from phone.stream import Stream

DIGITS: Final = frozenset("0123456789*#")
"""Keys of a telephone."""

SPEECH_GRACE_S: Final = 60.0
"""How long beyond its own length speech may take to be sent, on the worst network."""


class Line(Stream):
    """A stream to a server. Made by `open_line`; ended by `hang_up` or by the server."""

    def say(self, audio: bytes) -> None:
        """Begin to speak µ-law audio, after what is being spoken."""
        self.microphone.say(audio)

    async def speak(self, audio: bytes) -> None:
        """Speak µ-law audio; returns when its last frame has been sent.

        Raises:
            LineEndedError: the stream ended meanwhile.
        """
        self.say(audio)
        timeout_s = len(audio) / SAMPLE_RATE_HZ + SPEECH_GRACE_S
        await self.until(lambda: not self.microphone.speaking, "the caller's speech", timeout_s)

    def press(self, digits: str) -> None:
        """Press keys.

        Raises:
            PhoneError: one of them is not on a telephone.
        """
        if not DIGITS.issuperset(digits):
            raise PhoneError("a key is not on a telephone; expected 0-9, * or #")
        for digit in digits:
            self._connection.post(self._messages.dtmf(digit))

    def mute(self, *, muted: bool = True) -> None:
        """Stop sending media at all, or go on."""
        self.microphone.muted = muted

    def stall(self, seconds: float) -> None:
        """Hold everything back for a time, then send it at once."""
        self.microphone.stall(self.clock.now() + seconds)

    async def wait_for_speech(self, timeout_s: float = 10.0, since: int | None = None) -> float:
        """Wait until the agent has begun to answer.

        Args:
            timeout_s: How long to wait.
            since: Position after which the speech must begin; by default the end of the
                caller's voice, or the start of the stream before any.

        Returns:
            Seconds from that position to the agent's first audible sample.

        Raises:
            WaitTimeoutError: it said nothing.
            LineEndedError: the stream ended before.
        """
        start = self.ear.caller.last_end if since is None else since
        heard = self.ear.answer_after
        await self.until(lambda: heard(start) is not None, "the agent's voice", timeout_s)
        return heard(start) or 0.0

    async def wait_for_quiet(self, quiet_s: float = 0.6, timeout_s: float = 60.0) -> None:
        """Wait until the agent has been quiet for a while; errors as `wait_for_speech`."""
        quiet = int(quiet_s * SAMPLE_RATE_HZ)
        await self.until(
            lambda: self.position - self.ear.agent.last_end >= quiet, "a quiet agent", timeout_s
        )

    async def wait_for_end(self, timeout_s: float = 30.0) -> None:
        """Wait until the stream has ended.

        Raises:
            WaitTimeoutError: it did not.
        """
        await self.until(lambda: self.ended, "the server's hang-up", timeout_s)

    async def until(self, done: Callable[[], bool], what: str, timeout_s: float) -> None:
        """Wait for anything; looked at on every tick. Errors as `wait_for_speech`."""
        if done():
            return
        if self.ended:
            raise LineEndedError(f"the stream ended before {what}")
        await self._waiters.wait(done, what, self.clock.now() + timeout_s)

    async def hang_up(self, how: HangUp = HangUp.STOP) -> None:
        """End the stream from the caller's side. Calling twice is harmless."""
        if not self.ended:
            if how is HangUp.STOP:
                self._connection.post(self._messages.stop())
            self._end("caller")
        if how is HangUp.ABORT:
            self._connection.abort()
        await self._connection.close()
        await self._connection.wait_closed()


async def open_line(
    url: str,
    identity: Identity,
    parameters: Mapping[str, str],
    options: LineOptions,
    headers: Mapping[str, str],
) -> Line:
    """Connect and begin a stream.

    Args:
        url: The media socket, as reached from here.
        identity: Who calls.
        parameters: `customParameters` of `start`.
        options: How the line behaves.
        headers: Of the upgrade, such as the signature.

    Raises:
        PhoneError: the server is not reachable, or the recording cannot be written.
    """
    connection = await open_connection(url, headers)
    try:
        line = Line(connection, identity, parameters, options)
        line.begin()
    except BaseException:
        connection.abort()
        raise
    return line
