"""Tells a replay as it goes, message by message, and what came of it.

Sound is counted, not listed. What was said is personal data: it is shown only when asked for.
"""

from collections import Counter, deque
from typing import Any, Final

from replay.comparison import Output
from replay.lines import Line
from replay.player import Verdict
from replay.printable import printable

LAST_MAX: Final = 12
"""Messages shown in front of a difference."""

SHOWN_MAX_CHARS: Final = 160
"""Of one message."""

_SOUND: Final = {"media": "frames out", "stt_write": "writes to the recogniser"}
_SOUND_IN: Final = {
    "InboundFrame": "frames in",
    "VoiceHeard": "counts of voice",
    "AudioChunk": "pieces of speech",
}
_HIDDEN: Final = frozenset({"later", "cancel", "manners", "owed"})
_PRIVATE: Final = frozenset(
    {
        *("Partial", "Final", "Recognized", "CallerSaid", "CallerPressed", "CallerEntered"),
        *("Say", "LeaveNote", "TransferCall", "TransferTo", "DigitPressed", "ToolUsed", "tts"),
    }
)


class Narrator:
    """Keeps what is to be told: it is called from within actors, who must not wait or fail."""

    def __init__(self, began_at: float, *, texts: bool) -> None:
        """Tell of a call that began then; with what was said, or without."""
        self.lines: list[str] = []
        self._began_at = began_at
        self._texts = texts
        self._sound: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=LAST_MAX)
        """The newest messages, sound included."""

    def happened(self, line: Line) -> None:
        """Tell of something that happened to the call."""
        content = line.content
        kind = content[2][0] if line.kind in {"in", "say"} else line.kind
        self._tell(line.at, "→", content, _SOUND_IN.get(kind))

    def done(self, at: float, content: list[Any]) -> None:
        """Tell of something that the call did."""
        self._tell(at, "←", content, _SOUND.get(content[0]))

    def close(self) -> None:
        """Tell of the sound since the last message."""
        if self._sound:
            counts = ", ".join(f"{count} {what}" for what, count in self._sound.items())
            self.lines.append(f"{'':10}   … {counts}")
            self._sound.clear()

    def _tell(self, at: float, arrow: str, content: list[Any], sound: str | None) -> None:
        if content[0] in _HIDDEN:
            return
        text = f"{at - self._began_at:10.3f} {arrow} {described(content, texts=self._texts)}"
        self.last.append(text)
        if sound is not None:
            self._sound[sound] += 1
            return
        self.close()
        self.lines.append(text)


def described(content: list[Any], *, texts: bool) -> str:
    """Say what a message is, in one line."""
    words = [str(content[0])]
    for value in content[1:]:
        if isinstance(value, list) and value:
            words.append(_packed(value, texts=texts))  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, dict):
            words.append(_fields(value, texts=texts))  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, str) and content[0] in _PRIVATE and not texts:
            words.append(f"<{len(value)} characters>")
        else:
            words.append(f"{value}")
    return printable(" ".join(words)[:SHOWN_MAX_CHARS])


def _packed(packed: list[Any], *, texts: bool) -> str:
    name = str(packed[0])
    if name in {"InboundFrame", "AudioChunk"}:
        return name
    hidden = name in _PRIVATE and not texts
    fields = (
        f"<{len(one)} characters>" if hidden and isinstance(one, str) else repr(one)
        for one in packed[1:]
    )
    return f"{name}({', '.join(fields)})"


def _fields(fields: dict[str, Any], *, texts: bool) -> str:
    private = {"text", "note", "arguments"}
    return " ".join(
        f"{name}=<{len(str(value))} characters>"
        if name in private and not texts
        else f"{name}={value}"
        for name, value in fields.items()
        if name != "ledgers"
    )


def verdict_lines(verdict: Verdict, began_at: float, *, texts: bool) -> list[str]:
    """Say what came of a replay: the same outputs, or where they first differ."""
    lines: list[str] = []
    difference, departure = verdict.difference, verdict.departure
    if difference is None:
        course = "" if departure is None else ", on another course"
        lines.append(f"SAME      {verdict.same} outputs as recorded{course}")
    else:
        at = difference.at - began_at
        lines.append(f"DIFFERS   at {at:.3f} s, after {verdict.same} outputs as recorded")
        lines.append(f"expected  {_output(difference.expected, began_at, texts=texts)}")
        lines.append(f"got       {_output(difference.got, began_at, texts=texts)}")
    if departure is not None:
        at = departure.at - began_at
        expected = departure.expected and described(departure.expected, texts=texts)
        got = departure.got and described(departure.got, texts=texts)
        lines.append(
            f"course    left at {at:.3f} s, line {departure.line}: "
            f"recorded {expected or 'nothing'}, now {got or 'nothing'}"
        )
    return lines


def _output(output: Output | None, began_at: float, *, texts: bool) -> str:
    if output is None:
        return "nothing"
    return f"{described(output.content, texts=texts)} at {output.at - began_at:.3f} s"
