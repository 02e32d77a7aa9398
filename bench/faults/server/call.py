"""The faulty call of a row: a phone that does what no phone should, and how the call bore it.

Owns the two findings a caller can make: the call goes on, or it has ended for a reason. What
goes wrong is the row's business.
"""

import asyncio
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

from bench.faults.server.agent import LIVES, MISBEHAVE
from bench.faults.server.callers import QUESTION, QUIET_S
from bench.faults.server.process import ServerUnderTest
from media.frame import SAMPLE_RATE_HZ
from phone.call import Call, CallOptions
from phone.errors import PhoneError, WaitTimeoutError
from phone.identity import Identity
from phone.line import Line
from phone.line_options import HangUp, LineOptions
from phone.wav import read_mulaw

POLL_S: Final = 0.02
PAUSE_S: Final = 0.7
"""After less of it the phone takes what it hears for one stretch of speech."""

PAUSE_WAIT_S: Final = 3.0
GREETING_S: Final = 5.0
VOICE_S: Final = 0.3
"""Of the agent's voice at least: the apology is twice as long."""

LIVES_S: Final = 6.0
"""For a key to be answered by a call that goes on, unless the row says otherwise."""


class Broken(Exception):
    """The faulty call did not do what was promised of it. One line."""


class FaultyCall:
    """One call to the server under test. Use it as an asynchronous context manager."""

    def __init__(
        self, server: ServerUnderTest, plan: str = "", line: LineOptions | None = None
    ) -> None:
        self.server: Final = server
        self.struck_at = 0.0
        """Monotonic seconds; findings count from here."""
        self.struck_position = 0
        """Where the line was at that time, in samples."""
        self.asides: Final[list[asyncio.Task[None]]] = []
        """What a row has going on besides."""
        self.undo: Final[list[int]] = []
        """Limits to be set back."""
        self._plan = plan
        identity = Identity()
        self.sid: Final = identity.call_sid
        server.faulty_sids.append(self.sid)
        public_host = server.setting("PUBLIC_HOST")
        self._call = Call(
            CallOptions(
                url=server.url,
                auth_token=server.setting("TWILIO_AUTH_TOKEN"),
                public_url=f"https://{public_host}" if public_host else None,
                identity=identity,
                line=line or LineOptions(),
            )
        )

    async def __aenter__(self) -> Self:
        # Without a plan too: calls that the control port has heard of are recorded.
        await self.server.order("plan", call=self.sid, plan=self._plan)
        await self._call.place()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.transport.resume_reading()
        # Python 3.11 forgets that a transport which was still writing has closed: to abort it
        # then is an AttributeError of asyncio's. It says nothing of the server.
        try:
            await self._call.finish(HangUp.STOP)
        except AttributeError as asyncios:
            if asyncios.name != "call_soon":
                raise

    async def greeted(self) -> Self:
        """Wait until the agent has greeted."""
        await self.line.wait_for_speech(GREETING_S)
        await self.line.wait_for_quiet(PAUSE_S)
        return self

    async def comes_next(self) -> str:
        """Say what Twilio is told to do once the stream has ended, in words."""
        await self._call.finish()
        return self._call.outcome

    # --- what the caller does ----------------------------------------------------------

    @property
    def line(self) -> Line:
        """The phone's side."""
        return self._call.line

    @property
    def connection(self) -> Any:
        """The WebSocket below the phone, for what a phone would not send."""
        return self.line._connection  # noqa: SLF001  # the fault

    @property
    def messages(self) -> Any:
        """Writes the phone's own messages."""
        return self.line._messages  # noqa: SLF001  # the fault

    def struck(self) -> None:
        """Note that the fault strikes now."""
        self.struck_at, self.struck_position = time.monotonic(), self.line.position

    def misbehave(self) -> None:
        """Press the key that makes the agent do as planned."""
        self.line.press(MISBEHAVE)

    async def order(self, do: str, **fields: Any) -> Any:
        """Order something at the control port that concerns this call."""
        return await self.server.order(do, call=self.sid, **fields)

    async def bears_it(self, seconds: float) -> None:
        """Let the fault last for so long, from when it struck."""
        await asyncio.sleep(max(0.0, seconds - self.since_s))

    # --- what became of it -------------------------------------------------------------

    async def goes_on(self, within_s: float = LIVES_S) -> str:
        """Press a key and hear it answered.

        Raises:
            Broken: nobody answered in time, or the call ended.
        """
        with suppress(WaitTimeoutError):  # the agent may still have much to say: a key ends that
            await self.line.wait_for_quiet(PAUSE_S, PAUSE_WAIT_S)
        started_at = self.line.position
        self.line.press(LIVES)
        try:
            await self.line.wait_for_speech(within_s, since=started_at)
        except PhoneError as error:
            raise Broken(f"does not go on: {error}") from None
        return f"goes on; a key is answered {self.since_s:.1f} s after the fault"

    async def apologises(self, within_s: float, voice_s: float = VOICE_S) -> str:
        """Hear the agent say something about the fault, and go on.

        Args:
            within_s: of the fault.
            voice_s: how much of its voice must be heard since.

        Raises:
            Broken: it did not.
        """
        told = await self.hears(within_s, voice_s)
        await self.goes_on()
        return f"{told}, goes on"

    async def understands(self) -> str:
        """Ask something aloud and hear it answered: the way in works, and the way out.

        Raises:
            Broken: nobody answered.
        """
        line = self.line
        try:
            await line.wait_for_quiet(QUIET_S)
            await line.speak(read_mulaw(QUESTION))
            await line.wait_for_speech(LIVES_S)
        except PhoneError as error:
            raise Broken(f"nobody hears the caller: {error}") from None
        return "goes on; the caller is heard and answered"

    async def hears(self, within_s: float, voice_s: float = VOICE_S) -> str:
        """Hear the agent's voice since the fault, without asking it anything.

        Raises:
            Broken: it said nothing, or too little.
        """
        left_s = max(POLL_S, within_s - self.since_s)
        try:
            await self.line.until(lambda: self._heard_s() >= voice_s, "being told", left_s)
        except PhoneError as error:
            raise Broken(f"heard {self._heard_s():.1f} s of the agent's voice: {error}") from None
        return f"the caller has been told after {self.since_s:.1f} s"

    def _heard_s(self) -> float:
        """Seconds of the agent's voice since the fault."""
        since = self.struck_position
        heard = sum(max(0, one.end - max(one.start, since)) for one in self.line.ear.agent.spans)
        return heard / SAMPLE_RATE_HZ

    async def ended(self, within_s: float, *reasons: str) -> str:
        """Wait until the server has let go of the call.

        Raises:
            Broken: it has not, or for another reason.
        """
        view: dict[str, Any] | None = None
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            view = await self.order("view")
            state = "" if view is None else str(view["state"])
            if state.startswith("ended:"):
                return self._ended_as(state.removeprefix("ended:"), reasons)
            await asyncio.sleep(POLL_S)
        state = "nobody remembers it" if view is None else view["state"]
        raise Broken(f"not ended after {within_s:.0f} s: {state}")

    async def falls_back(self, within_s: float) -> None:
        """Wait until the call is recognised by single requests.

        Raises:
            Broken: it still streams.
        """
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            view = await self.order("view")
            if view is not None and view["mode"]["stt"] != "streaming":
                return
            await asyncio.sleep(POLL_S)
        raise Broken("still streaming after its budget of restarts")

    @property
    def since_s(self) -> float:
        """Seconds since the fault."""
        return time.monotonic() - self.struck_at

    def _ended_as(self, reason: str, reasons: tuple[str, ...]) -> str:
        if reason not in reasons:
            raise Broken(f"ended: {reason}; expected {' or '.join(reasons)}")
        return f"ended after {self.since_s:.1f} s: {reason}"
