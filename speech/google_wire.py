"""What the engine needs of gRPC and of a version of Google's API, as protocols.

Owns no behaviour. `speech.google` has the two dialects; grpc.aio has the calls. Streams and
requests are written against these, and so need neither to be imported.
"""

from collections.abc import Sequence
from typing import Any, Protocol

Metadata = Sequence[tuple[str, str]]
"""Headers of a call."""


class DuplexCall(Protocol):
    """One streaming call under way, as of `grpc.aio`; `speech.google_send` writes on it."""

    async def wait_for_connection(self) -> None:
        """Return when the call has a connection; raises when it has ended badly."""
        ...

    async def read(self) -> Any:
        """Return the next message; raises when the call has ended badly."""
        ...

    def cancel(self) -> bool:
        """End the call at once."""
        ...


class Dialect(Protocol):
    """One version of the API: names, requests and responses."""

    streaming_method: str
    single_method: str

    def metadata(self, rung: Any) -> Metadata:
        """Headers that a call on this rung needs."""
        ...

    def first(self, rung: Any) -> bytes:
        """The serialised request that opens a stream: the configuration, no audio."""
        ...

    def audio(self, audio: bytes) -> bytes:
        """The serialised request that carries audio."""
        ...

    def single(self, rung: Any, audio: bytes) -> bytes:
        """The serialised single request."""
        ...

    def streamed(self, data: bytes) -> Any:
        """Parse a response of a stream."""
        ...

    def answered(self, data: bytes) -> Any:
        """Parse the answer to a single request."""
        ...

    def error_of(self, response: Any) -> tuple[int, str]:
        """Return the status number and text of an error within a response; 0: none."""
        ...

    def end_of(self, result: Any) -> Any:
        """Return a result's end, with `seconds` and `nanos`, since the stream's beginning."""
        ...
