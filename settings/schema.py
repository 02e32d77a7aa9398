"""Every number and switch of the server, once, with its unit, its bounds and its reason.

Owns the settings of server, border and actors, and the checks across all fields; Twilio, call
logs, admission, engines, agent and conversation have files of their own, which it inherits.
Imports nothing else of the project and never logs. `settings.reading` makes it from the
environment; tests build it directly.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from settings.admission import AdmissionSettings, leads_back
from settings.agent import AgentSettings
from settings.call_log import CallLogSettings
from settings.conversation import ConversationSettings
from settings.google import GoogleSettings
from settings.shapes import matching
from settings.twilio import MAX_PORT, TwilioSettings

ROOT: Final = Path(__file__).resolve().parent.parent
"""The folder of the checkout; relative paths in settings start here."""

_ADMIN_TOKEN: Final = re.compile(r"[!-~]{16,256}")
"""Visible ASCII, as a header carries it; long enough that guessing is hopeless."""

AdminToken = Annotated[
    SecretStr | None, matching(_ADMIN_TOKEN, "16 to 256 visible ASCII characters without spaces")
]

MIN_SECRET_CHARS: Final = 16
"""Shortest secret that a server open to others starts with. Twilio's tokens have 32."""

_CALLERS_SECRETS: Final = ("twilio_auth_token", "twilio_auth_token_old", "twilio_shared_key")
"""Whoever knows one of them is taken for Twilio. `ADMIN_TOKEN` is never shorter."""


def _number(default: int, low: int, high: int, why: str) -> Any:
    """A whole number with its bounds, both allowed, and the reason for it."""
    return Field(default, ge=low, le=high, description=why)


def _switch(default: Any, why: str) -> Any:
    """Anything that is not a bounded number."""
    return Field(default, description=why)


class Settings(
    AdmissionSettings,
    CallLogSettings,
    TwilioSettings,
    ConversationSettings,
    AgentSettings,
    GoogleSettings,
):
    """The settings of one server process; the environment variable is the name in capitals."""

    model_config = SettingsConfigDict(
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    # Server and border
    host: str = _switch("127.0.0.1", "address to listen on; other than loopback needs a token")
    port: int = _number(8080, 0, MAX_PORT, "TCP port for HTTP and media; 0 takes a free one")
    admin_token: AdminToken = _switch(
        None, "demanded as a bearer token by /calls, /metrics and the pages"
    )
    token_ttl_s: int = _number(60, 5, 600, "life of a media socket's one-time token")
    handshake_timeout_s: int = _number(10, 1, 60, "for the WebSocket upgrade of a media socket")
    start_timeout_s: int = _number(10, 1, 60, "for the start message after the upgrade")
    ping_interval_s: int = _number(10, 1, 60, "between pings on a media socket")
    ping_timeout_s: int = _number(10, 1, 60, "for the answer to a ping: then the peer is dead")
    max_calls: int = _number(200, 1, 2000, "calls at once; a core of 2.6 GHz carries 150 to 200")
    drain_s: int = _number(
        15, 0, 600, "for running calls to end by themselves at shutdown; 15 s later all is over"
    )

    # Logging
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = _switch(
        "INFO", "least level of a logged line"
    )
    log_transcripts: bool = _switch(
        default=False, why="show what was said in logs and on /calls: private"
    )

    # Dialogue and engines
    dialogue: Path = _switch(
        Path("dialogues/english.toml"), "the dialogue file; a relative path starts at server.py"
    )
    use_streaming_stt: bool = _switch(
        default=True, why="stream to the recogniser; false asks per utterance"
    )
    stt_engine: str = _switch("auto", "speech to text; auto takes the best that works here")
    tts_engine: str = _switch("auto", "text to speech; auto takes the best that works here")
    phrase_cache_mib: int = _number(32, 0, 1024, "synthesised phrases kept, all calls together")

    # Mailboxes
    rx_mailbox_frames: int = _number(200, 10, 1500, "4 s of caller audio while RX is behind")
    stt_mailbox_frames: int = _number(60, 5, 500, "1.2 s on the way to the recogniser")
    tx_mailbox_frames: int = _number(144, 20, 1500, "2.9 s of speech waiting for its time")
    control_mailbox_messages: int = _number(
        256, 128, 4096, "control messages of one mailbox; at the cap the call ends"
    )

    # RX: pacing of a backlog
    rx_drain_enter_frames: int = _number(100, 2, 1500, "backlog at which pacing is given up")
    rx_drain_leave_frames: int = _number(20, 1, 1500, "backlog at which pacing begins again")
    rx_release_frames_per_tick: int = _number(
        3, 2, 10, "of a paced backlog in 20 ms: 99 frames, the longest, are gone within 1 s"
    )
    rx_resync_ms: int = _number(40, 20, 1000, "lateness at which the 20 ms grid is laid anew")
    rx_silence_after_ms: int = _number(
        400, 100, 5000, "of no audio until silence is made up: recognisers time out without"
    )

    # STT: stream, restarts
    stt_ring_ms: int = _number(15_000, 1_000, 30_000, "audio kept for the replay after a restart")
    stt_restarts: int = _number(3, 0, 20, "restarts of a call's STT before it falls back")
    stt_refill_s: int = _number(30, 1, 600, "of real results until the restarts are given back")
    stt_backoff_ms: int = _number(200, 0, 10_000, "before each restart of the recogniser")
    stt_attempt_timeout_ms: int = _number(800, 100, 10_000, "for one try to open a stream")
    stt_deaf_after_ms: int = _number(
        1800, 500, 60_000, "of voice without a sign of the recogniser: deaf; chirp_3 needs 5000"
    )
    stt_rotate_after_s: int = _number(
        240, 5, 86_400, "age at which a stream is changed in the next silence"
    )
    stt_rotate_latest_s: int = _number(
        290, 5, 86_400, "age at which it is changed whatever is said; Google ends it at 305 s"
    )
    stt_give_up_s: int = _number(
        10, 2, 300, "of failing single requests until the caller is told and passed on"
    )
    trouble_said_after_ms: int = _number(
        1500, 500, 10_000, "of waiting in vain for a broken recogniser until the caller is told"
    )
    child_restarts: int = _number(1, 0, 10, "restarts of each other child before the call ends")

    # Single requests: the fallback without a stream
    single_min_speech_ms: int = _number(600, 100, 5000, "less speech than this is not sent")
    single_quiet_ms: int = _number(500, 100, 5000, "quiet that ends an utterance")
    single_max_ms: int = _number(15_000, 1_000, 60_000, "longest audio in one request")
    single_timeout_s: int = _number(10, 1, 60, "for the answer to one request")

    # TX: lead, credit, marks
    tx_lead_frames: int = _number(3, 1, 25, "sent ahead, so that the far player never runs dry")
    tx_credit_low_frames: int = _number(8, 1, 500, "waiting frames below which TX asks for more")
    tx_credit_target_frames: int = _number(16, 2, 100, "waiting frames that TX asks up to")
    tx_mark_every_ms: int = _number(500, 100, 5000, "of speech between marks: what was heard")
    tx_owed_messages: int = _number(144, 10, 2000, "unsent on the socket: the peer is too slow")

    # The end of a call
    history_entries: int = _number(200, 10, 5000, "things said that a call remembers")
    max_call_s: int = _number(3600, 30, 86_400, "length of a call; Twilio's own limit is 4 h")
    no_media_timeout_s: int = _number(
        15, 2, 600, "for the first audio of a call; without any it is ended"
    )
    close_timeout_s: int = _number(5, 1, 60, "for a call's end, then it is torn down")

    @field_validator("log_level", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        problems = list(_problems(self))
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def dialogue_path(self) -> Path:
        """The dialogue file, absolute."""
        return ROOT / self.dialogue

    @property
    def loopback_only(self) -> bool:
        """Whether nobody but this machine is served, because no token is set."""
        return self.twilio_auth_token is None


def is_loopback(host: str) -> bool:
    """Whether an address or name can only mean this machine."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


_ORDERED: Final = (
    ("rx_drain_leave_frames", "<", "rx_drain_enter_frames"),
    ("rx_drain_enter_frames", "<=", "rx_mailbox_frames"),
    ("tx_credit_low_frames", "<", "tx_credit_target_frames"),
    ("tx_credit_target_frames", "<=", "tx_mailbox_frames"),
    ("tx_lead_frames", "<", "tx_credit_target_frames"),
    ("stt_batch_ms", "<=", "stt_ring_ms"),
    ("stt_rotate_after_s", "<=", "stt_rotate_latest_s"),
    ("single_quiet_ms", "<", "single_max_ms"),
    ("single_min_speech_ms", "<", "single_max_ms"),
)
"""Which settings must stay below which."""


def _problems(s: Settings) -> Iterator[str]:
    """What is wrong between settings that are each within their own bounds."""
    if s.loopback_only and not is_loopback(s.host):
        yield f"HOST={s.host}: open to others; set TWILIO_AUTH_TOKEN, or expected 127.0.0.1"
    for name in () if is_loopback(s.host) else _CALLERS_SECRETS:
        secret: SecretStr | None = getattr(s, name)
        if secret is not None and len(secret) < MIN_SECRET_CHARS:
            yield f"{name.upper()}: expected {MIN_SECRET_CHARS} characters with HOST={s.host}"
    for name in ("twilio_auth_token_old", "twilio_shared_key"):
        if s.loopback_only and getattr(s, name) is not None:
            yield f"{name.upper()}: expected with TWILIO_AUTH_TOKEN, never alone"
    if not s.loopback_only and s.public_host is None:
        yield "PUBLIC_HOST: missing; expected with TWILIO_AUTH_TOKEN: signatures are over it"
    if leads_back(s.overload_url, s.public_host):
        yield "OVERLOAD_URL: leads back to this server; expected another one's"
    for low, relation, high in _ORDERED:
        below: int = getattr(s, low)
        above: int = getattr(s, high)
        if below > above or (below == above and relation == "<"):
            yield f"{low.upper()}={below}: expected {relation} {high.upper()} ({above})"
