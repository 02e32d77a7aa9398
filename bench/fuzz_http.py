"""Fuzzing the HTTP side: hostile requests to the whole application, hostile bytes to the port.

`Site` is the border as the server wires it, with a fake root: one that serves this machine, one
behind a Twilio number, one with an admin token. A request gets an answer from a short list of
statuses and at most one line of log; without a right signature nothing is given away. Bytes go
to the connection as uvicorn would hand them over, in pieces, and whatever they are, nothing is
raised and no connection is counted for ever.
"""

import asyncio
from random import Random
from typing import Any, Final
from urllib.parse import quote, urlencode

from loguru import logger
from pydantic import SecretStr

from bench.fuzz_words import TEXTS, one_of, spoil_bytes
from tests.support.front import HOST, FakeTcp, Front, sign, upgrade_request
from web.twiml import MEDIA_PATH

STATUSES: Final = frozenset({200, 204, 400, 401, 403, 404, 405, 503})
"""The answers there are. Never 500."""

PATHS: Final = (
    "/webhook/voice", "/webhook/voice", "/webhook/after-stream", "/webhook/stream_status",
    "/webhook/voice/", "/calls", "/calls/CA1", "/calls/", "/metrics", "/healthz", "/readyz", "/",
    "//webhook/voice", "/webhook/../calls", "/calls/%2e%2e/metrics", "/%00", "/\u0436", "*",
    "http://evil.example/webhook/voice", "/webhook/voice;x", "/calls/" + "a" * 3000,
)  # fmt: skip
METHODS: Final = (
    "POST", "POST", "POST", "GET", "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH",
    "CONNECT", "BREW", "post", "",
)  # fmt: skip
TYPES: Final = (
    "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=utf-16",
    "application/json", "multipart/form-data; boundary=x", "text/xml", "", "\xff",
)  # fmt: skip
HEADERS: Final = (
    "host", "origin", "x-forwarded-for", "via", "authorization", "x-twilio-signature",
    "x-twilio-webhooks-signature-settings", "content-length", "transfer-encoding", "cookie",
    "x-http-method-override", "expect", "upgrade", "connection", "range", "",
)  # fmt: skip
VALUES: Final = (
    "Bearer operators-only-1234", "Bearer ", "algorithm=HMAC_SHA256", "algorithm=none", "chunked",
    "localhost", HOST, "0", "9" * 30, "-1", "websocket", "100-continue", "bytes=0-", "null",
)  # fmt: skip
NAMES: Final = (
    "CallSid", "CallSid", "From", "To", "StreamEvent", "StreamError", "retry", "bodySHA256", "x",
)  # fmt: skip

ANSWER_S: Final = 5.0
SIGNED_SHARE: Final = 0.3
WEBHOOK_SHARE: Final = 0.5
"""Of the requests are to a webhook, as Twilio asks: what is behind it is to be reached too."""

TURNS: Final = 8
"""Of the event loop before the peer is gone: a handshake takes five."""

PIECES: Final = (1, 1, 2, 5)


class Site:
    """One border that is asked hostile things."""

    def __init__(self, **changes: Any) -> None:
        self.front = Front(**changes)
        self._app: Any = self.front.config.app
        self.secret: SecretStr | None = changes.get("twilio_auth_token")
        self.lines: list[str] = []

    def note(self, message: str) -> None:
        """Take one line of the log."""
        self.lines.append(str(message).rstrip("\n"))

    async def ask(self, random: Random) -> str:
        """Send one request; returns the status.

        Raises:
            AssertionError: the answer is not one of those there are, or tells too much.
        """
        scope, body, is_signed = _request(random, self.secret)
        answer: list[Any] = []

        async def receive() -> dict[str, Any]:
            if not body:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": body.pop(0), "more_body": bool(body)}

        async def send(message: Any) -> None:
            answer.append(message)

        self.lines.clear()
        before = len(self.front.root.admission.kept)
        async with asyncio.timeout(ANSWER_S):
            await self._app(scope, receive, send)
        status: int = answer[0]["status"]
        assert status in STATUSES, f"status {status}"
        names = {name for name, _ in answer[0]["headers"]}
        assert {b"x-content-type-options", b"cache-control"} <= names, "a header is missing"
        assert len(self.lines) <= 1, f"{len(self.lines)} lines"
        assert all(line.isprintable() for line in self.lines), "a line that is none"
        if self.secret is not None and not is_signed:
            assert len(self.front.root.admission.kept) == before, "a stranger was promised a place"
            text = b"".join(message.get("body", b"") for message in answer)
            assert b"<Response" not in text, "a stranger got TwiML"
        self.front.root.admission.kept.clear()
        return str(status)

    async def connect(self, random: Random) -> str:
        """Send bytes to the port; returns the status of the answer, or what became of them.

        Raises:
            AssertionError: something of the connection is left.
        """
        gate = self.front.connections
        tcp = FakeTcp("127.0.0.1")
        protocol: Any = gate.connect(self.front.config, self.front.state, {})
        tcp.protocol = protocol
        protocol.connection_made(tcp)
        data = _bytes(random)
        for piece in filter(None, _cut(random, data)):
            if not tcp.is_closing():
                tcp.protocol.data_received(piece)  # type: ignore[attr-defined]
            await asyncio.sleep(0)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        tcp.protocol.connection_lost(None)
        tasks = (*self.front.state.tasks, *self.front.media_gate.handler_tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=ANSWER_S)
        assert len(gate) == 0, "a connection is still counted"
        assert not self.front.media_gate.handler_tasks, "a handshake is left"
        assert not self.front.state.connections, "a connection is left"
        status = tcp.written[9:12].decode("latin-1")
        assert status != "500", "status 500"
        return status or ("dropped" if tcp.is_closing() else "waits")


def sites() -> tuple[Site, Site, Site]:
    """Make the three borders. Their log lines go to whoever is asked."""
    signed = {"twilio_auth_token": SecretStr("12345"), "public_host": HOST}
    made = (
        Site(handshake_timeout_s=0.05),
        Site(**signed, handshake_timeout_s=0.05),
        Site(**signed, admin_token=SecretStr("operators-only-1234"), handshake_timeout_s=0.05),
    )
    logger.remove()
    for site in made:
        logger.add(site.note, format="{message}", level="INFO")
    return made


def _request(random: Random, secret: SecretStr | None) -> tuple[dict[str, Any], list[bytes], bool]:
    path, method = one_of(random, PATHS), one_of(random, METHODS)
    if random.random() < WEBHOOK_SHARE:
        path, method = one_of(random, PATHS[:4]), "POST"
    fields = _fields(random)
    query = one_of(random, ("", "&&=", "%", urlencode(_fields(random))))
    body = urlencode(fields).encode()
    is_signed = secret is not None and random.random() < SIGNED_SHARE
    headers = [("host", "localhost"), ("content-type", one_of(random, TYPES))]
    if is_signed:
        target = quote(path, safe="/:%;*") + (f"?{query}" if query else "")
        flat = dict(fields)
        body = urlencode(flat).encode()
        headers = [("content-type", TYPES[0]), ("host", HOST)]
        headers.append(("x-twilio-signature", sign(f"https://{HOST}{target}", flat, "12345")))
    elif random.random() < 0.5:  # noqa: PLR2004
        body = spoil_bytes(random, body)
    for _ in range(one_of(random, (0, 0, 1, 3))):
        headers.append((one_of(random, HEADERS), one_of(random, (*VALUES, *TEXTS))))
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": quote(path, safe="/:%;*").encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(n.encode(), v.encode("utf-8")[:16_000]) for n, v in headers],
        "client": one_of(random, (("127.0.0.1", 1), ("203.0.113.7", 1), None)),
        "server": ("127.0.0.1", 8080),
    }
    return scope, _cut(random, body), is_signed


def _fields(random: Random) -> list[tuple[str, str]]:
    count = one_of(random, (0, 1, 3, 30, 250))
    words = (*TEXTS, "stream-error", "stream-started", "CA1", "+15550100")
    first = [("CallSid", "CA1")] if random.random() < 0.5 else []  # noqa: PLR2004
    return first + [(one_of(random, NAMES[2:]), one_of(random, words)) for _ in range(count)]


def _bytes(random: Random) -> bytes:
    target = quote(one_of(random, PATHS), safe="/:%;*")
    name, text = one_of(random, HEADERS) or "x", one_of(random, (*VALUES, *TEXTS))[:9000]
    if random.random() < 0.3:  # noqa: PLR2004
        path = target if random.random() < 0.3 else MEDIA_PATH  # noqa: PLR2004
        data = upgrade_request(path, **({} if random.random() < 0.5 else {name: "x"}))  # noqa: PLR2004
        data += random.randbytes(one_of(random, (0, 0, 9, 60)))
    else:
        head = f"{one_of(random, METHODS)} {target} HTTP/1.1\r\nhost: localhost\r\n{name}: {text}"
        data = (
            f"{head}\r\n\r\n".encode() * one_of(random, (1, 1, 2))
            + urlencode(_fields(random)).encode()
        )
    return spoil_bytes(random, data) if random.random() < 0.5 else data  # noqa: PLR2004


def _cut(random: Random, data: bytes) -> list[bytes]:
    size = len(data) // one_of(random, PIECES) + 1
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]
