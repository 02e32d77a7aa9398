"""The most memory one call can hold: every queue, ring, text and table, in bytes.

A sum of what the settings allow, with the sizes of CPython's objects. Pure arithmetic; the
table in `docs/architecture.md` is made from it, and a flood is tested against it. It counts
what a call holds in this process; the engines' and the kernel's own memory is theirs.
"""

from dataclasses import dataclass
from typing import Final

from actors.agent_history import LINE_MAX_CHARS
from actors.agent_memory import KEPT_MAX
from actors.playback import OWN_TEXTS_MAX, TEXT_MAX_CHARS, TEXTS_MAX
from actors.playback_frames import KEPT_FRAMES
from actors.socket import UNSENT_MAX_BYTES
from actors.stats import NOTES_KEPT
from actors.stt_single import REQUESTS_MAX
from actors.tx import MARKS_KEPT
from dialogue.ports import MAX_NOTE_CHARS
from media.echo import UNPLAYED_FRAMES
from media.echo_path import DELAYS
from media.frame import FRAME_BYTES, FRAME_MS, SAMPLE_RATE_HZ, SILENCE_FRAME
from media.twilio import MAX_MESSAGE_BYTES, StreamEncoder
from media.twilio_fields import MAX_SID_CHARS
from settings import Settings
from speech.ports import STREAM_WAITING_MAX_S

BYTES_OBJECT: Final = 33
"""What a `bytes` object costs beyond its content (CPython, 64 bit)."""

FRAME_OBJECT: Final = 72 + 24 + 32
"""A frame message with its float and its integer."""

SLOT: Final = 8
"""A place in a deque, list or dict, without what it refers to."""

PAYLOAD: Final = FRAME_BYTES + BYTES_OBJECT + SLOT
"""One payload of a frame."""

MARK_OBJECT: Final = 48 + 80 + 32
"""A mark with its name and its epoch."""

MEDIA_MESSAGE: Final = (
    len(StreamEncoder("M" * MAX_SID_CHARS).media(SILENCE_FRAME)) + BYTES_OBJECT + SLOT
)
"""One frame as a message, waiting to be sent."""

CHAR: Final = 4
"""A character at worst (one outside the basic plane makes all of a text four bytes wide)."""

ECHO_GUARD: Final = 10_000
"""The echo guard's tables, of so many levels and delays, rounded up."""

ACTORS: Final = 5
FIXED: Final = 96 * 1024
"""Actors, mailboxes, detectors, closures: all that does not grow, rounded up."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that can grow, and how far."""

    what: str
    limit: str
    """The bound in its own unit."""

    bytes: int


def call_bounds(settings: Settings) -> tuple[Bound, ...]:
    """List everything that can grow in one call."""
    frame = FRAME_OBJECT + PAYLOAD
    text = settings.utterance_max_chars * CHAR + 128
    texts = TEXTS_MAX + OWN_TEXTS_MAX
    control = settings.control_mailbox_messages
    ring = settings.stt_ring_ms // FRAME_MS
    segment = settings.single_max_ms // FRAME_MS
    unsent_bytes = max(UNSENT_MAX_BYTES, settings.tx_owed_messages * MEDIA_MESSAGE)
    speech_bytes = settings.reply_max_audio_s * SAMPLE_RATE_HZ
    return (
        _frames("RX mailbox", settings.rx_mailbox_frames, frame),
        _frames("STT mailbox", settings.stt_mailbox_frames, frame),
        _frames("TX mailbox", settings.tx_mailbox_frames, frame),
        _frames("ring of audio since the last final", ring, PAYLOAD + SLOT),
        # Its frames, and at its end all of them in one piece.
        _frames("segment for a single request", segment, PAYLOAD + FRAME_BYTES),
        Bound(
            "segments with a request under way",
            f"{REQUESTS_MAX} segments",
            REQUESTS_MAX * segment * FRAME_BYTES,
        ),
        Bound(
            "audio waiting in the recogniser's stream",
            f"{STREAM_WAITING_MAX_S} s",
            STREAM_WAITING_MAX_S * SAMPLE_RATE_HZ,
        ),
        Bound("control lanes, four of small messages", f"4 × {control}", 4 * control * 128),
        Bound("control lane of the agent, transcripts", f"{control} texts", control * text),
        # A bytearray that grows is over-allocated by an eighth and copied once.
        Bound("speech waiting for TX", f"{settings.reply_max_audio_s} s", speech_bytes * 9 // 4),
        # Handed over last, and to be handed over again.
        _frames("frames kept for a reply that goes on", 2 * KEPT_FRAMES, PAYLOAD),
        Bound("texts of one reply", f"{texts} texts", 2 * texts * TEXT_MAX_CHARS * CHAR),
        Bound(
            "history",
            f"{settings.history_entries} entries",
            settings.history_entries * (LINE_MAX_CHARS * CHAR + 128),
        ),
        Bound("notes", f"{NOTES_KEPT} notes", NOTES_KEPT * (MAX_NOTE_CHARS * CHAR + 128)),
        # The utterance being answered, and what of it was asked.
        Bound("the turn under way", "4 texts", 4 * LINE_MAX_CHARS * CHAR),
        Bound("words and keys kept to be answered", f"{KEPT_MAX} texts", KEPT_MAX * text),
        Bound("marks awaiting their echo", f"{MARKS_KEPT} marks", 2 * MARKS_KEPT * MARK_OBJECT),
        # In the connection's buffer, and taken out of it.
        Bound("message coming in", _kib(MAX_MESSAGE_BYTES), 2 * MAX_MESSAGE_BYTES),
        Bound("unsent on the socket", _kib(unsent_bytes), unsent_bytes),
        Bound("echo guard", f"{UNPLAYED_FRAMES} levels, {DELAYS} delays", ECHO_GUARD),
        Bound("actors and the rest, fixed", f"{ACTORS} actors", FIXED),
    )


def ceiling_bytes(settings: Settings) -> int:
    """Say the most bytes one call can hold."""
    return sum(bound.bytes for bound in call_bounds(settings))


def bounds_table(settings: Settings) -> str:
    """Write the bounds as a Markdown table, for the documents."""
    rows = ["| what can grow | bound | kB |", "|---|---|---|"]
    rows += [f"| {b.what} | {b.limit} | {b.bytes / 1000:.0f} |" for b in call_bounds(settings)]
    rows.append(f"| **all of one call** | | **{ceiling_bytes(settings) / 1000:.0f}** |")
    return "\n".join(rows)


def _kib(size: int) -> str:
    return f"{size / 1024:.0f} KiB"


def _frames(what: str, frames: int, each: int) -> Bound:
    return Bound(what, f"{frames} frames", frames * each)
