"""Sending on a gRPC stream without losing the reason why it ended.

Owns the one private name of grpc.aio that the engine needs. The public `write` turns a message
that could not be sent into a final status INTERNAL of the whole call, over the real one that is
on its way: of 200 refusals that met a burst of audio 197 lost their reason so (grpcio 1.85.1).
A test holds the contract. Streams use it; nobody else knows of it.
"""

from typing import Any, Final

import grpc.aio

_AIO: Final[Any] = grpc.aio

CALL_IS_OVER: Final[tuple[type[Exception], ...]] = (grpc.RpcError, _AIO.BaseError)
"""What sending raises then."""


async def send(call: Any, request: bytes) -> bool:
    """Send a serialised message; returns when the transport has taken it.

    Returns:
        whether it was taken: otherwise the call is over, and reading tells why.
    """
    if call.done():
        return False
    try:
        await call._cython_call.send_serialized_message(request)  # noqa: SLF001  # see above
    except CALL_IS_OVER:
        return False
    return True


async def send_end(call: Any) -> None:
    """Half-close, if the call is not over."""
    try:
        await call.done_writing()
    except CALL_IS_OVER:
        return
