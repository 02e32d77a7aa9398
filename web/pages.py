"""Pages for machines and operators: health, readiness, metrics, and the calls.

The last two are for operators alone (`web.guard`). Everything shown is made by the root and by the
metrics; nothing is decided here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telemetry import Metrics
from web.guard import Guard
from web.guard_middleware import forbid, knock_of
from web.status import VERSION, ServerStatus

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats)."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Shows the server's state."""

    guard: Guard
    status: ServerStatus
    metrics: Metrics

    def routes(self) -> list[Route]:
        """Return the routes of the pages."""
        return [
            Route("/healthz", _page(self.healthz)),
            Route("/readyz", _page(self.readyz)),
            Route("/metrics", self._operators(self.show_metrics)),
            Route("/calls", self._operators(self.calls)),
            Route("/calls/{call_sid}", self._operators(self.call)),
        ]

    def healthz(self, request: Request) -> Response:
        """Say that the loop answers, and to operators what runs."""
        if self.guard.refuse_operator(knock_of(request.scope)) is not None:
            return _json({"ok": True})
        engines = dict(self.status.engines)
        return _json({"version": VERSION, "engines": engines, "calls": self.status.root.active})

    def readyz(self, _request: Request) -> Response:
        """Answer 200 when a call may come, 503 with the reason when not."""
        reason = self.status.unreadiness()
        return _json({"ready": reason is None, "reason": reason}, 503 if reason else 200)

    def show_metrics(self, _request: Request) -> Response:
        """Show the metrics to Prometheus."""
        return Response(self.metrics.render(), media_type=METRICS_TYPE)

    def calls(self, _request: Request) -> Response:
        """Show the calls of now."""
        return _json({"calls": list(self.status.root.views())})

    def call(self, request: Request) -> Response:
        """Show one call, of now or of lately."""
        view = self.status.root.view(request.path_params["call_sid"])
        return _json({"error": "no such call"}, 404) if view is None else _json(view)

    def _operators(
        self, show: Callable[[Request], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            knock = knock_of(request.scope)
            reason = self.guard.refuse_operator(knock)
            return show(request) if reason is None else forbid(knock, reason, self.metrics)

        return endpoint


def _page(show: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:  # a plain function would get a thread
        return show(request)

    return endpoint


def _json(content: Any, status_code: int = 200) -> Response:
    body = orjson.dumps(content)
    return Response(body, status_code, media_type="application/json")
