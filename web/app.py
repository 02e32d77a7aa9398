"""Puts the HTTP side together: one Starlette application, everything handed in."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from telemetry import Metrics
from web.guard import Guard
from web.guard_middleware import GuardMiddleware
from web.pages import Pages
from web.phrases import Phrases
from web.status import ServerStatus
from web.tokens import Tokens
from web.webhooks import Webhooks


def make_app(
    *,
    guard: Guard,
    status: ServerStatus,
    tokens: Tokens,
    metrics: Metrics,
    phrases: Phrases,
    public_host: str | None,
) -> Starlette:
    """Make the application.

    Args:
        guard: asked about every request.
        status: the server's state, with the root of its calls.
        tokens: shared with the media gate.
        metrics: counted in and shown.
        phrases: what Twilio's voice says in the dialogue's language.
        public_host: the name in our URLs; None: the request's own, on this machine only.
    """
    hooks = Webhooks(guard, status, tokens, metrics, phrases, public_host)
    pages = Pages(guard, status, metrics)
    app = Starlette(
        routes=[*hooks.routes(), *pages.routes()],
        middleware=[Middleware(GuardMiddleware, guard=guard, metrics=metrics)],
    )
    # A redirect would be made of the Host that a stranger sent; the middleware takes the slash off.
    app.router.redirect_slashes = False
    return app
