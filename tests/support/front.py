"""The whole border as `make_server` wires it, with a fake root, and no socket at all.

HTTP requests go straight into the application; connections are protocols on a fake TCP
transport, given the bytes that a peer would have sent.
"""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import httpx
from uvicorn.server import ServerState

from actors.clock import ManualClock
from telemetry import Metrics
from tests.support.web import WAIT_S, FakeRoot, settings
from web.connection_limit import ConnectionLimit
from web.front import make_server
from web.media_gate import MediaGate
from web.media_socket import MediaConnection
from web.status import ServerStatus

HOST = "voice.example.com"
STRANGER = "203.0.113.7"
VOICE = f"https://{HOST}/webhook/voice"
MEDIA = f"wss://{HOST}/ws/twilio-media"


def sign(url: str, form: Mapping[str, str] | None = None, key: str = "12345") -> str:
    """Sign as Twilio does."""
    text = url + "".join(name + value for name, value in sorted((form or {}).items()))
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


class FakeTcp(asyncio.Transport):
    """A TCP transport that keeps what is written."""

    def __init__(self, peer: str = "127.0.0.1") -> None:
        super().__init__({"peername": (peer, 1)})
        self.written = b""
        self.closing = self.aborted = False
        self.wrote = asyncio.Event()

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.wrote.set()

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def can_write_eof(self) -> bool:
        return False

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True


class Front:
    """A border and everything behind it."""

    def __init__(self, **changes: Any) -> None:
        self.settings = settings(**changes)
        self.root, self.metrics, self.clock = FakeRoot(), Metrics(), ManualClock()
        self.status = ServerStatus(self.root, {"stt": "s"}, started=True)
        self.server = make_server(self.settings, self.status, self.metrics, self.clock, "en-US")
        self.config = self.server.config
        self.config.load()
        self.state = ServerState()
        media_connect: Any = self.config.ws
        http_connect: Any = self.config.http
        self.media_gate: MediaGate = media_connect.__self__
        self.connections: ConnectionLimit = http_connect.__self__

    async def ask(
        self, method: str, target: str, peer: str = STRANGER, **request: Any
    ) -> httpx.Response:
        """Send one request into the application."""
        transport = httpx.ASGITransport(self.config.app, client=(peer, 1))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as http:
            return await http.request(method, target, **request)

    def http_connection(self, peer: str = STRANGER) -> tuple[Any, FakeTcp]:
        """Let a peer connect."""
        tcp = FakeTcp(peer)
        connection = self.connections.connect(self.config, self.state, {})
        connection.connection_made(tcp)
        return connection, tcp

    async def upgrade(
        self, request: bytes, peer: str = STRANGER
    ) -> tuple[MediaConnection, FakeTcp]:
        """Send the request of an upgrade to the media gate, and wait for its answer."""
        tcp = FakeTcp(peer)
        connection = self.media_gate.connect(self.config, self.state, {})
        connection.connection_made(tcp)
        connection.data_received(request)
        await asyncio.wait_for(tcp.wrote.wait(), WAIT_S)
        return connection, tcp

    async def hang_up(self, *connections: MediaConnection) -> None:
        """Lose these connections, and wait for what they leave."""
        for connection in connections:
            connection.connection_lost(None)
        await asyncio.gather(*self.media_gate.handler_tasks)


def upgrade_request(path: str = "/ws/twilio-media", **headers: str | None) -> bytes:
    """Write an upgrade; a header given as None is left out."""
    named: dict[str, str | None] = {
        "host": "localhost",
        "upgrade": "websocket",
        "connection": "Upgrade",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in named.items() if value is not None]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode("latin-1")
