"""Stands before every HTTP route and asks the guard. ASGI middleware, no more than that.

Owns the headers that every answer carries, and how a refusal looks. A last slash that a proxy
put behind a path is taken off for the routes; the signature is checked over what was sent.
"""

from collections.abc import Iterator
from typing import Final

from loguru import logger
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry import Metrics, printable
from web.guard import NO_BEARER, Guard
from web.knock import Knock, joined_headers

SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every answer that does not say otherwise: a browser shall run, frame, keep and tell nothing
(owasp.org, HTTP Headers Cheat Sheet). Answers hold one-time tokens and what callers said."""


class GuardMiddleware:
    """Answers 403 to what the guard refuses, unknown paths included."""

    def __init__(self, app: ASGIApp, guard: Guard, metrics: Metrics) -> None:
        """Stand before this application."""
        self._app = app
        self._guard = guard
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request pass, or answer it here."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = list(_safe(message.get("headers", [])))
            await send(message)

        app = self._app
        if scope["type"] == "http":
            knock = knock_of(scope)
            reason = self._guard.refuse_request(knock)
            if reason is not None:
                app = forbid(knock, reason, self._metrics)
            scope["path"] = scope["path"].removesuffix("/") or "/"
        await app(scope, receive, send_safely)


def _safe(headers: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Add the safe headers that are not there."""
    yield from headers
    there = {name.lower() for name, _ in headers}
    yield from (header for header in SAFE_HEADERS if header[0] not in there)


def knock_of(scope: Scope) -> Knock:
    """Return what the guard looks at, from an ASGI request."""
    client = scope.get("client")
    raw = scope.get("raw_path") or scope["path"].encode()
    query = scope["query_string"].decode("latin-1")
    headers = joined_headers(
        (k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]
    )
    return Knock(client[0] if client else "", raw.decode("latin-1"), query, headers)


def forbid(knock: Knock, reason: str, metrics: Metrics) -> PlainTextResponse:
    """Count and log one refusal, and return its answer, which says no more than that.

    It ends the connection: who guesses pays for a new one each time, and what is left of a body
    that nobody read is not taken for the next request.
    """
    metrics.refused.labels(reason).inc()
    logger.warning("request refused: {}: {}", reason, printable(knock.path, 80))
    headers = {"Connection": "close"}
    if reason == NO_BEARER:
        headers["WWW-Authenticate"] = 'Bearer realm="calls"'
    return PlainTextResponse("refused\n", 401 if reason == NO_BEARER else 403, headers)
