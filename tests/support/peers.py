"""Fake peers and a fake socket: real implementations of the protocols that record."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class RecordingPeer:
    """A peer that keeps what it is sent; its room can be set."""

    def __init__(self, room_frames: int = 1000) -> None:
        self.messages: list[Any] = []
        self.room = room_frames
        self.held = 0

    def post(self, message: Any) -> None:
        self.messages.append(message)
        if self.on_post is not None:
            self.on_post(message)

    on_post: Callable[[Any], None] | None = None

    @property
    def room_frames(self) -> int:
        return self.room

    @property
    def held_frames(self) -> int:
        return self.held

    def of(self, *kinds: type) -> list[Any]:
        """The messages of these types, in order."""
        return [message for message in self.messages if isinstance(message, kinds)]


@dataclass
class FakeSocket:
    """A caller's socket that writes down what it is asked to send, and when."""

    now: Callable[[], float] = lambda: 0.0
    sent: list[tuple[str, Any]] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    owed: int = 0
    closed: str | None = None
    aborted: bool = False
    on_close: Callable[[], None] | None = None
    on_mark: Callable[[str], None] | None = None

    def send_media(self, payload: bytes) -> None:
        self._note("media", payload)

    def send_mark(self, name: str) -> None:
        self._note("mark", name)
        if self.on_mark is not None:
            self.on_mark(name)

    def send_clear(self) -> None:
        self._note("clear", None)

    def close(self, reason: str) -> None:
        if self.closed is None:
            self.closed = reason
            self._note("close", reason)
            if self.on_close is not None:
                self.on_close()

    def abort(self) -> None:
        self.aborted = True
        if self.on_close is not None:
            self.on_close()

    @property
    def owed_messages(self) -> int:
        return self.owed

    def _note(self, kind: str, value: Any) -> None:
        self.sent.append((kind, value))
        self.sent_at.append(self.now())

    @property
    def media(self) -> list[bytes]:
        """The payloads sent, in order."""
        return [value for kind, value in self.sent if kind == "media"]

    @property
    def kinds(self) -> str:
        """What was sent, in order, a letter each: m(edia), k (mark), c(lear), x (close)."""
        letters = {"media": "m", "mark": "k", "clear": "c", "close": "x"}
        return "".join(letters[kind] for kind, _ in self.sent)
