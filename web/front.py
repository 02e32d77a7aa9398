"""Puts the whole border together: HTTP and media on one port, from settings and a root.

The one place that knows which setting goes to which part of the web layer. `server.py` calls
it with the real root, the loopback tests with a fake one.
"""

from typing import Final

from pydantic import SecretStr

from actors.clock import Clock
from media.voice_activity import VoiceDetector
from settings import Settings
from telemetry import Metrics
from web.app import make_app
from web.call_session import Border
from web.connection_limit import ConnectionLimit
from web.guard import Guard
from web.media_gate import MediaGate, SocketLimits
from web.phrases import phrases_for
from web.serving import DrainingServer
from web.status import ServerStatus
from web.tokens import Tokens
from web.voice_edges import VoiceEdges

TOKENS_PER_CALL: Final = 2
"""Unused tokens kept for each call there may be: one in use, one on its way."""


def make_server(
    settings: Settings, status: ServerStatus, metrics: Metrics, clock: Clock, language: str
) -> DrainingServer:
    """Make the server of one process; nothing listens yet.

    Args:
        settings: which addresses, limits and secrets.
        status: the server's state, with the root of its calls.
        metrics: shared with the actors.
        clock: the one that the actors live by.
        language: BCP 47 tag of the dialogue.
    """
    tokens = Tokens(
        ttl_s=settings.token_ttl_s,
        max_tokens=TOKENS_PER_CALL * settings.max_calls,
        now=clock.now,
    )
    guard = make_guard(settings)
    app = make_app(
        guard=guard,
        status=status,
        tokens=tokens,
        metrics=metrics,
        phrases=phrases_for(language),
        public_host=settings.public_host,
    )
    border = Border(
        root=status.root,
        tokens=tokens if guard.signed else None,
        metrics=metrics,
        make_voice=lambda: make_voice(settings),
        clock=clock,
    )
    gate = MediaGate(border, guard, make_limits(settings))
    return DrainingServer(app, ConnectionLimit(metrics), gate, status, settings.drain_s)


def make_guard(settings: Settings) -> Guard:
    """Make the guard that the settings ask for."""
    return Guard(
        auth_token=_revealed(settings.twilio_auth_token),
        public_host=settings.public_host,
        admin_token=_revealed(settings.admin_token),
        old_auth_token=_revealed(settings.twilio_auth_token_old),
        shared_key=_revealed(settings.twilio_shared_key),
    )


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def make_voice(settings: Settings) -> VoiceEdges:
    """Make the voice detection of one call."""
    onset_ms, hangover_ms = settings.voice_onset_ms, settings.stt_hangover_ms
    detector = VoiceDetector(onset_ms=onset_ms, hangover_ms=hangover_ms)
    return VoiceEdges(
        detector,
        onset_ms=onset_ms,
        hangover_ms=hangover_ms,
        confirm_ms=settings.barge_in_confirm_ms,
    )


def make_limits(settings: Settings) -> SocketLimits:
    """Take the media sockets' limits from the settings."""
    return SocketLimits(
        handshake_timeout_s=settings.handshake_timeout_s,
        start_timeout_s=settings.start_timeout_s,
        ping_interval_s=settings.ping_interval_s,
        ping_timeout_s=settings.ping_timeout_s,
        close_timeout_s=settings.close_timeout_s,
        max_calls=settings.max_calls,
    )
