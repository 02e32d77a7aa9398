"""The WebSocket under a call: a client connection that is written and read without waiting.

Owns reassembly and what is owed to a slow server. Messages are handed over the moment they
arrive, so that their times are true; there is no queue between. Knows nothing of Twilio's
messages. Talked to by `line`.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from phone.errors import PhoneError

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""Largest message taken from the server: two minutes of audio as base64."""

MAX_OWED_BYTES: Final = 64 * 1024
"""Unsent bytes beyond which caller audio is thrown away, as Twilio does (warning 31930)."""

MAX_EARLY_MESSAGES: Final = 64
"""Messages kept that came before anybody listened; more are a server gone mad."""

OPEN_TIMEOUT_S: Final = 10.0
"""Real seconds for the handshake."""

CLOSE_TIMEOUT_S: Final = 2.0
"""Real seconds for the server to answer a close."""

MessageHandler = Callable[[bytes, bool], None]
"""Takes a message and whether it was a text message."""


class MediaConnection(ClientConnection):
    """One connection. `attach()` it before anything else."""

    _handler: MessageHandler | None = None
    _on_lost: Callable[[], None] | None = None

    def attach(self, on_message: MessageHandler, on_lost: Callable[[], None]) -> None:
        """Say who takes the messages and hears of the end; both are called on the loop."""
        self._handler, self._on_lost = on_message, on_lost
        for data, text in self._early:
            on_message(data, text)
        self._early.clear()
        if self.state is State.CLOSED:
            on_lost()

    @property
    def is_open(self) -> bool:
        """Whether messages can be sent; not any more once either side has begun to close."""
        return self.state is State.OPEN

    def post(self, message: bytes, *, droppable: bool = False) -> bool:
        """Send a text message without waiting.

        Args:
            message: UTF-8.
            droppable: Media, which is thrown away when the server reads too slowly.

        Returns:
            Whether it was sent; False as well once the connection is closing.
        """
        if not self.is_open:
            return False
        if droppable and self.transport.get_write_buffer_size() > MAX_OWED_BYTES:
            return False
        self.protocol.send_text(message)
        self.send_data()
        return True

    def abort(self) -> None:
        """Drop the connection as a dying machine would."""
        self.transport.abort()

    def process_event(self, event: Event) -> None:
        """Hand a message over (called by websockets for every frame received)."""
        if self.response is None or not isinstance(event, Frame):
            super().process_event(event)
        elif event.opcode in {Opcode.TEXT, Opcode.BINARY, Opcode.CONT}:
            self._assemble(event)
        else:
            super().process_event(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that the connection has ended (called by the loop)."""
        super().connection_lost(exc)
        if self._on_lost is not None:
            self._on_lost()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Get ready (called by the loop)."""
        self._early: list[tuple[bytes, bool]] = []
        self._parts: list[bytes] = []
        self._text = True
        super().connection_made(transport)

    def _assemble(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._text = frame.opcode is Opcode.TEXT
        self._parts.append(bytes(frame.data))
        if not frame.fin:
            return
        data = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        if self._handler is not None:
            self._handler(data, self._text)
        elif len(self._early) < MAX_EARLY_MESSAGES:
            self._early.append((data, self._text))


async def open_connection(url: str, headers: Mapping[str, str]) -> MediaConnection:
    """Connect.

    Raises:
        PhoneError: the server is not reachable, or refused the handshake.
    """
    try:
        connection = await connect(
            url,
            additional_headers=headers,
            user_agent_header="TwilioMediaStreamsPhone",
            create_connection=MediaConnection,
            compression=None,
            proxy=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,
        )
    except InvalidStatus as error:
        raise PhoneError(f"{url}: status {error.response.status_code}, not 101 (31920)") from None
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, ConnectionClosed) as error:
        raise PhoneError(f"{url}: no media socket ({type(error).__name__}: {error})") from None
    if not isinstance(connection, MediaConnection):
        raise TypeError(type(connection))
    return connection
