"""One telephone call as Twilio would make it: webhook, TwiML, media stream, action, callbacks.

Owns the order of these steps. `async with Call(options) as call:` places the call; leaving
the block hangs up, tells the callbacks and asks the `<Connect action>` what comes next.
Says nothing and listens to nothing by itself: that is for the user of `call.line`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from phone import webhook
from phone.errors import PhoneError
from phone.identity import Identity
from phone.line import Line, open_line
from phone.line_options import HangUp, LineOptions
from phone.outcome import describe
from phone.route import Route
from phone.signature import SIGNATURE_HEADER, sign
from phone.twiml import ConnectStream, Pause, Redirect, Say, Verb, parse_twiml

MAX_REDIRECTS: Final = 5
"""`<Redirect>`s followed before the stream."""

VOICE_PATH: Final = "/webhook/voice"
"""Where the voice webhook is, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Which call to place."""

    url: str
    """The server (`http://localhost:8080`), or a media socket (`ws://…`) without webhook."""
    auth_token: str | None = None
    """Signs webhooks and the upgrade; None sends no signature."""
    public_url: str | None = None
    """The server's URL as Twilio would know it, if that differs."""
    admin_token: str | None = field(default=None, repr=False)
    """What the server's own pages about the call are asked with; None to send none."""
    ws_url: str | None = None
    """Dials this socket, whatever the TwiML says."""
    voice_path: str = VOICE_PATH
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """`customParameters` of a call without webhook."""
    identity: Identity = field(default_factory=Identity)
    line: LineOptions = field(default_factory=LineOptions)


class Call:
    """One call. Use it as an asynchronous context manager."""

    def __init__(self, options: CallOptions) -> None:
        self.options = options
        self.identity = options.identity
        self.twiml = ""
        """What the voice webhook's TwiML asked for, in words."""
        self.outcome = ""
        """What came after the stream, or instead of it, in words."""
        self.problems: list[str] = []
        """Callbacks and actions that went wrong; one line each."""
        self._line: Line | None = None
        self._stream: ConnectStream | None = None
        self._rest: tuple[Verb, ...] = ()
        self._route = Route(options.url, options.public_url, options.ws_url)
        self._notices: list[asyncio.Task[None]] = []
        self._finished = False

    @property
    def connected(self) -> bool:
        """Whether the server took the call."""
        return self._line is not None

    @property
    def line(self) -> Line:
        """The media stream.

        Raises:
            PhoneError: the server's TwiML had none.
        """
        if self._line is None:
            raise PhoneError(f"the server did not take the call: {self.outcome}")
        return self._line

    async def __aenter__(self) -> Self:
        await self.place()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.finish()

    async def place(self) -> None:
        """Place the call.

        Raises:
            PhoneError: not reachable, refused, or the TwiML is not understood.
        """
        if urlsplit(self.options.url).scheme in {"ws", "wss"}:
            self.twiml = "stream (no webhook)"
            await self._connect(self.options.url, self.options.ws_url, self.options.parameters)
            return
        verbs = await self._voice()
        self.twiml = describe(verbs)
        for index, verb in enumerate(verbs):
            if isinstance(verb, ConnectStream):
                self._rest = verbs[index + 1 :]
                await self._connect_stream(verb)
                return
            if not isinstance(verb, Say | Pause):
                break
        self.outcome = self.twiml

    async def finish(self, how: HangUp = HangUp.STOP) -> None:
        """Hang up and settle everything that follows a stream. Calling twice is harmless."""
        if self._finished or self._line is None:
            return
        self._finished = True
        line = self._line
        await line.hang_up(how)
        if line.failure is not None:
            self.problems.append(f"the phone itself failed: {line.failure!r}")
        if self._stream is not None:
            self._notify("stream-stopped")
            await asyncio.gather(*self._notices)
            await self._after_stream(self._stream, line.ended_by == "caller")

    async def _voice(self) -> tuple[Verb, ...]:
        url = self._route.public(self.options.voice_path)
        for _ in range(MAX_REDIRECTS + 1):
            verbs = await self._ask(url, "ringing")
            if not verbs or not isinstance(verbs[0], Redirect):
                return verbs
            url = verbs[0].url
        raise PhoneError(f"more than {MAX_REDIRECTS} redirects, the last to {url}")

    async def _ask(self, url: str, status: str) -> tuple[Verb, ...]:
        answer = await self._post(url, self.identity.form(status))
        if not answer.ok:
            raise PhoneError(f"{url}: refused with {answer.status}: {answer.first_line}")
        return parse_twiml(answer.body, url)

    async def _post(self, url: str, form: Mapping[str, str]) -> webhook.Answer:
        return await webhook.post(self._route.reachable(url), url, form, self.options.auth_token)

    async def _connect_stream(self, stream: ConnectStream) -> None:
        self._stream = stream
        try:
            await self._connect(stream.url, self._route.socket(stream.url), stream.parameters)
        except PhoneError as error:
            self._notify("stream-error", str(error))
            await asyncio.gather(*self._notices)
            raise
        self._notify("stream-started")

    async def _connect(
        self, url: str, reachable: str | None, parameters: Mapping[str, str]
    ) -> None:
        token = self.options.auth_token
        headers = {SIGNATURE_HEADER.lower(): sign(token, url)} if token else {}
        self._line = await open_line(
            reachable or url, self.identity, parameters, self.options.line, headers
        )

    def _notify(self, event: str, error: str = "") -> None:
        if self._stream is not None and self._stream.status_callback is not None:
            notice = self._notice(self._stream, self._stream.status_callback, event, error)
            self._notices.append(asyncio.create_task(notice))

    async def _notice(self, stream: ConnectStream, url: str, event: str, error: str) -> None:
        form = {
            "AccountSid": self.identity.account_sid,
            "CallSid": self.identity.call_sid,
            "StreamSid": self.identity.stream_sid,
            "StreamName": stream.name or self.identity.stream_sid,
            "StreamEvent": event,
            "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }
        if error:
            form["StreamError"] = error
        try:
            answer = await self._post(url, form)
        except PhoneError as problem:
            self.problems.append(f"statusCallback {event}: {problem}")
            return
        if not answer.ok:
            self.problems.append(f"statusCallback {event}: refused with {answer.status}")

    async def _after_stream(self, stream: ConnectStream, caller_left: bool) -> None:  # noqa: FBT001
        self.outcome = describe(self._rest)
        if stream.action is None:
            return
        try:
            verbs = await self._ask(stream.action, "completed" if caller_left else "in-progress")
        except PhoneError as problem:
            self.problems.append(f"<Connect action>: {problem}")
        else:
            self.outcome = describe(verbs)
