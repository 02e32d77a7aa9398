"""Fuzzing the wire codec: whatever arrives becomes an event or a `WireError`, never more.

`message()` makes an input, `check()` tries it. The error is one line, bounded, and repeats
nothing that a caller may have said or pressed.
"""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final, cast

from bench.fuzz_words import MARKER, one_of, spoil_bytes, spoil_object, value
from media.twilio import (
    MAX_MARK_CHARS,
    MAX_MESSAGE_BYTES,
    Ignored,
    MarkEchoed,
    MediaReceived,
    Started,
    WireError,
    decode,
)

MAX_ERROR_CHARS: Final = 120
MAX_REASON_CHARS: Final = 60
"""As `media.twilio_events.Ignored` promises."""

SPOILT_BYTES: Final = 0.25
NONSENSE: Final = 0.05

SIDS: Final = {"streamSid": "MZ1", "sequenceNumber": "2"}
VALID: Final[tuple[dict[str, Any], ...]] = (
    {"event": "connected", "protocol": "Call", "version": "1.0.0"},
    {
        "event": "start",
        **SIDS,
        "start": {
            "streamSid": "MZ1",
            "accountSid": "AC1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "customParameters": {"token": MARKER, "from": "+15550100"},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
    },
    {
        "event": "media",
        **SIDS,
        "media": {"track": "inbound", "chunk": "1", "timestamp": "20", "payload": "/////w=="},
    },
    {"event": "dtmf", **SIDS, "dtmf": {"track": "inbound_track", "digit": "1"}},
    {"event": "mark", **SIDS, "mark": {"name": "a#1"}},
    {"event": "stop", **SIDS, "stop": {"accountSid": "AC1", "callSid": "CA1"}},
)


def message(random: Random) -> bytes:
    """Make one input: a message of Twilio's that was spoilt, or nonsense."""
    draw = random.random()
    if draw < NONSENSE:
        return random.randbytes(random.randrange(200))
    if draw < 2 * NONSENSE:
        return json.dumps(value(random)).encode()
    return _written(random, one_of(random, VALID))


def spoilt(random: Random, data: bytes) -> bytes:
    """Make another input of one: as a message where it is one, as bytes where not."""
    try:
        whole: Any = json.loads(data)
    except ValueError:
        return spoil_bytes(random, data) if random.random() < SPOILT_BYTES else message(random)
    return (
        _written(random, cast("dict[str, Any]", whole))
        if isinstance(whole, dict)
        else message(random)
    )


def _written(random: Random, whole: dict[str, Any]) -> bytes:
    changed = spoil_object(random, whole)
    data = json.dumps(changed, ensure_ascii=random.random() < 0.5)  # noqa: PLR2004
    written = data.encode("utf-8", "surrogatepass")
    return spoil_bytes(random, written) if random.random() < SPOILT_BYTES else written


def check(data: bytes) -> str:
    """Try one input; returns what became of it.

    Raises:
        AssertionError: the codec broke a promise.
    """
    try:
        event = decode(data)
    except WireError as error:
        text = str(error)
        assert text.isprintable(), "the error is not one line"
        assert len(text) <= MAX_ERROR_CHARS, "the error is not bounded"
        assert MARKER not in text, "the error repeats what was sent"
        return type(error).__name__
    assert len(data) <= MAX_MESSAGE_BYTES, "the message is not bounded"
    bounds = _BOUNDS.get(type(event))
    assert bounds is None or bounds(event), f"{type(event).__name__} is not bounded"
    return type(event).__name__


def _sid(text: str) -> bool:
    return text.isascii() and text.isalnum() and len(text) <= 64  # noqa: PLR2004


_BOUNDS: Final[dict[type, Callable[[Any], bool]]] = {
    MediaReceived: lambda e: _sid(e.stream_sid) and 0 <= e.timestamp_ms < 2**53,
    Started: lambda e: _sid(e.stream_sid) and _sid(e.call_sid) and len(e.parameters) <= 16,  # noqa: PLR2004
    MarkEchoed: lambda e: 0 < len(e.name) <= MAX_MARK_CHARS,
    Ignored: lambda e: len(e.reason) <= MAX_REASON_CHARS and e.reason.isprintable(),
}
