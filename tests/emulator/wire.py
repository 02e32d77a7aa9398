"""What the two versions of the speech API have in common, free of their message classes.

Owns the shapes that the recognition talks in; `wire_v1` and `wire_v2` translate. Messages
are plain protobuf ones, without the proto-plus wrapping: 100 streams share one core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

CONFIDENCE = 0.95
"""Of every final: Google gives one, which nobody here reads."""

MULAW_HZ = 8000
"""The only audio the emulator understands: what the telephone brings."""


@dataclass(frozen=True, slots=True)
class Config:
    """What a client asks for."""

    model: str
    languages: tuple[str, ...]
    telephone_audio: bool
    """µ-law, 8000 Hz."""
    interim_results: bool = False
    activity_events: bool = False
    problem: str | None = None
    """What else is wrong with it, in one line."""


Parse = Callable[[bytes], Any]


class Wire(Protocol):
    """One version of the API."""

    service: str
    """Its full name, such as `google.cloud.speech.v1.Speech`."""

    parse_stream_request: Parse
    parse_request: Parse

    def config_of(self, request: Any) -> Config | None:
        """The configuration in a streaming request, if it carries one."""
        ...

    def audio_of(self, request: Any) -> bytes:
        """The audio in a streaming request; empty where it carries none."""
        ...

    def partial(self, words: list[str], stability: float, end_ms: float) -> Any:
        """A response with the words so far: a stable head, and the newest as unstable tail."""
        ...

    def final(self, text: str, end_ms: float) -> Any:
        """A response with a finished utterance."""
        ...

    def activity(self, at_ms: float, *, began: bool) -> Any:
        """A response that says that speech began or ended."""
        ...

    def in_band(self, code: int, detail: str) -> Any | None:
        """A response with an error inside; None where this version has no such thing."""
        ...

    def single(self, request: Any) -> tuple[Config, bytes]:
        """The configuration and the audio of a single request."""
        ...

    def recognized(self, text: str) -> Any:
        """The answer to a single request; without results for no words."""
        ...


def split(words: list[str]) -> list[tuple[str, bool]]:
    """Cut a partial in two as the service does: text and whether it is stable.

    The texts joined without anything between are the whole hypothesis.
    """
    if len(words) == 1:
        return [(words[0], True)]
    return [(" ".join(words[:-1]), True), (f" {words[-1]}", False)]
