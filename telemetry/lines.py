"""The fixed log lines: the shape of everything that people grep for.

Pure functions make lines; callers log them. Never opens a file: `log_sink.py` carries lines
away. Used by the actors and by the web layer, which have texts from outside made fit here.
"""

import unicodedata
from collections.abc import Mapping
from typing import Final

SHOWN_TEXT_CHARS: Final = 300
"""Longest text of a caller in one log line; what is longer ends in an ellipsis."""

RX_STARTED: Final = "🎧 RX_WORKER: Started"
TX_STARTED: Final = "📡 TX_WORKER: Started"
STT_INIT: Final = "🟢 STT_SESSION: init requested"
STT_READY: Final = "🟢 STT_SESSION: ready"
GREETING_QUEUED: Final = "🔊 GREETING: queued"

_UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def boot_line(*, streaming: bool) -> str:
    """The line that says at boot whether speech is streamed to the recogniser."""
    return f"🚀 Streaming STT enabled: {streaming}"


def rx_line(mode: str, fps_in: float, q: int, drops: int, write_ms: float) -> str:
    """One second of RX: frames in, waiting, dropped since the start, mean hand-over in ms."""
    return f"[RX] mode={mode} fps_in={fps_in:.0f} q={q} drops={drops} write_ms={write_ms:.1f}"


def stt_line(q: int, drops: int, write_ms: float) -> str:
    """One second of STT: frames waiting, dropped since the start, mean write in ms."""
    return f"[STT] q={q} drops={drops} write_ms={write_ms:.1f}"


def tx_line(fps: float, q: int, drops: int) -> str:
    """One second of TX: frames sent, waiting, dropped since the start."""
    return f"[TX] fps={fps:.0f} q={q} drops={drops}"


def partial_line(text: str, *, shown: bool) -> str:
    """A partial transcript; its length alone where texts must not be shown."""
    return f"🟡 [PARTIAL] {_words(text, shown=shown)}"


def final_line(text: str, *, shown: bool) -> str:
    """A final transcript; its length alone where texts must not be shown."""
    return f"✅ [FINAL] {_words(text, shown=shown)}"


def early_line(text: str, *, shown: bool) -> str:
    """A partial taken for a final before the recogniser said so."""
    return f"⚡ Early finalize based on strong partial: {_words(text, shown=shown)}"


def latency_line(parts: Mapping[str, float | None], *, early: bool) -> str:
    """One turn: its parts by name, in their order, seconds; `-` for what did not happen.

    Args:
        parts: the first three are `partial`, `final` and `total`.
        early: whether it was answered before the recogniser had finished.
    """
    shown = ", ".join(f"{name}={_seconds(value)}" for name, value in parts.items())
    return f"[LATENCY] {shown}, early={'yes' if early else 'no'}"


def printable(text: str, limit: int = SHOWN_TEXT_CHARS) -> str:
    """Text from outside made fit for one line of a terminal: bounded, nothing invisible.

    Hebrew stays as it is. Control characters, line ends, lone surrogates and the controls
    that reorder a whole line (Unicode UAX 9, embeddings, overrides and isolates) turn to �.
    """
    kept = text if len(text) <= limit else text[: limit - 1] + "…"
    if kept.isascii() and kept.isprintable():
        return kept
    return "".join(map(_visible, kept))


def _visible(char: str) -> str:
    hidden = char in _BIDI_CONTROLS or unicodedata.category(char) in _UNSEEN
    return "\ufffd" if hidden else char


def _words(text: str, *, shown: bool) -> str:
    return f'"{printable(text)}"' if shown else f"len={len(text)}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}s"
