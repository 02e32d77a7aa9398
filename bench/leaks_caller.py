"""One caller of the leak bench: a bare Twilio stream that may break every rule of it.

Owns one call's webhooks, socket and messages. Echoes marks at once, listens to nothing, and
leaves nothing open. What callers do with it is in `leaks_calls` and `leaks_wrongs`.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from media.frame import FRAME_BYTES, FRAME_MS, FRAME_S, SILENCE_FRAME
from phone import webhook
from phone.caller_messages import CONNECTED, CallerMessages
from phone.connection import MediaConnection, open_connection
from phone.errors import PhoneError
from phone.identity import Identity
from phone.route import Route
from phone.signature import SIGNATURE_HEADER, sign
from phone.twiml import ConnectStream, Verb, parse_twiml
from speech.tone import tone

VOICE_PATH: Final = "/webhook/voice"
VOICE_FRAME: Final = tone("a")[:FRAME_BYTES]

ENDS_WITHIN_S: Final = 8.0
"""For a server to end a call that it should end by itself."""


@dataclass(frozen=True, slots=True)
class Place:
    """The server that is called."""

    url: str
    public_url: str
    """As Twilio would know it: signatures are over it."""
    auth_token: str

    @property
    def route(self) -> Route:
        """The way there."""
        return Route(self.url, self.public_url)


class Caller:
    """One caller. As a context manager it drops its sockets at the end."""

    def __init__(self, place: Place, identity: Identity | None = None) -> None:
        self.place = place
        self.identity = identity or Identity()
        self.messages = CallerMessages(self.identity)
        self.stream: ConnectStream | None = None
        self.connection: MediaConnection | None = None
        self.held_back = 0
        """Messages that the socket did not take."""
        self.ended = False
        """Whether the socket was gone before the caller let go of it."""
        self._media_ms = 0
        self._ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.ended = self._ended.is_set()
        if self.connection is not None:
            self.connection.abort()

    @property
    def sid(self) -> str:
        """The call's name."""
        return self.identity.call_sid

    async def ask(self, url: str, status: str, *, signed: bool = True) -> tuple[Verb, ...]:
        """Post a webhook and read its TwiML; nothing for one that is refused."""
        token = self.place.auth_token if signed else None
        reachable = self.place.route.reachable(url)
        answer = await webhook.post(reachable, url, self.identity.form(status), token)
        return parse_twiml(answer.body, url) if answer.ok else ()

    async def ring(self) -> bool:
        """Ask what to do with the call; False when the server does not take it."""
        verbs = await self.ask(self.place.route.public(VOICE_PATH), "ringing")
        self.stream = next((one for one in verbs if isinstance(one, ConnectStream)), None)
        return self.stream is not None

    async def connect(self, *, signed: bool = True) -> None:
        """Open the socket and say `connected`.

        Raises:
            PhoneError: it is refused.
        """
        assert self.stream is not None
        url = self.stream.url
        headers = {SIGNATURE_HEADER.lower(): sign(self.place.auth_token, url)} if signed else {}
        reachable = self.place.route.socket(url)
        assert reachable is not None
        self.connection = await open_connection(reachable, headers)
        self.connection.attach(self._on_message, self._ended.set)
        self.say(CONNECTED)

    def start(self, parameters: Mapping[str, str] | None = None) -> None:
        """Say `start`, with the TwiML's parameters if with no others."""
        assert self.stream is not None
        self.say(self.messages.start(self.stream.parameters if parameters is None else parameters))

    async def dial(self) -> bool:
        """Ring, connect and start; False when there is no room."""
        if not await self.ring():
            return False
        await self.connect()
        self.start()
        return True

    def say(self, message: bytes) -> None:
        """Send one message, if the socket is open."""
        if self.connection is not None:
            self.connection.post(message)

    def offer(self, message: bytes) -> None:
        """Send one message, unless the server reads too slowly: that is counted."""
        assert self.connection is not None
        if not self.connection.post(message, droppable=True):
            self.held_back += 1

    def send_frame(self, payload: bytes) -> None:
        """Offer 20 ms of audio."""
        self.offer(self.messages.media(payload, self._media_ms))
        self._media_ms += FRAME_MS

    async def talk(self, seconds: float, payload: bytes = VOICE_FRAME) -> None:
        """Speak for so long, in real time; returns early when the server ends the call."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        for number in range(round(seconds / FRAME_S)):
            if self._ended.is_set():
                return
            self.send_frame(payload)
            await asyncio.sleep(began_at + (number + 1) * FRAME_S - loop.time())

    async def quiet(self, seconds: float) -> None:
        """Say nothing for so long, as `talk`."""
        await self.talk(seconds, SILENCE_FRAME)

    async def hang_up(self) -> None:
        """Say `stop`, wait for the server to close, and ask what comes after the stream."""
        self.say(self.messages.stop())
        await self.until_ended()
        await self.after()

    async def after(self) -> tuple[Verb, ...]:
        """Ask what comes after the stream."""
        assert self.stream is not None
        assert self.stream.action is not None
        return await self.ask(self.stream.action, "in-progress")

    async def until_ended(self) -> None:
        """Wait for the server to end the call.

        Raises:
            PhoneError: it does not.
        """
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await self._ended.wait()
        except TimeoutError:
            raise PhoneError(f"still open {ENDS_WITHIN_S:.0f} s after it should end") from None

    def reset(self) -> None:
        """Drop the connection at once."""
        assert self.connection is not None
        self.connection.abort()

    def _on_message(self, data: bytes, _text: bool) -> None:  # noqa: FBT001  # MessageHandler
        if b'"mark"' in data:
            self.say(self.messages.mark(json.loads(data)["mark"]["name"]))
