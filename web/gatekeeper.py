"""Stands before every HTTP route and asks the guard. ASGI middleware, no more than that."""

from loguru import logger
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from telemetry import Metrics, printable
from web.guard import NO_BEARER, Guard
from web.knock import Knock, joined_headers


class Gatekeeper:
    """Answers 403 to what the guard refuses, unknown paths included."""

    def __init__(self, app: ASGIApp, guard: Guard, metrics: Metrics) -> None:
        """Stand before this application."""
        self._app = app
        self._guard = guard
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request pass, or answer it here."""
        if scope["type"] == "http":
            knock = knock_of(scope)
            reason = self._guard.refuse_request(knock)
            if reason is not None:
                await forbid(knock, reason, self._metrics)(scope, receive, send)
                return
        await self._app(scope, receive, send)


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
    """Count and log one refusal, and return its answer, which says no more than that."""
    metrics.refused.labels(reason).inc()
    logger.warning("request refused: {}: {}", reason, printable(knock.path, 80))
    if reason == NO_BEARER:
        return PlainTextResponse("refused\n", 401, {"WWW-Authenticate": 'Bearer realm="calls"'})
    return PlainTextResponse("refused\n", 403)
