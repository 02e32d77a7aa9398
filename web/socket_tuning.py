"""The options of a TCP socket that carries live audio: nothing waits, little hides in the kernel.

Owns the sizes of the kernel's buffers and what is set where a platform has it. Called by
`web/media_socket.py` once an upgrade is accepted; reads and writes nothing.
"""

import socket
from typing import Final

SEND_BUFFER_BYTES: Final = 32_768
"""Kernel send buffer: 1 to 2 s of audio. The default of megabytes would hide a dead peer."""

RECEIVE_BUFFER_BYTES: Final = 16_384
"""Kernel receive buffer, which Linux doubles: a second of audio and more. One read takes all of
it: with the default a flood brought 640 messages, 50 ms of the loop, at a time."""

NOT_SENT_BYTES: Final = 16_384
"""Unsent bytes above which the kernel takes no more (`TCP_NOTSENT_LOWAT`)."""


def tune(sock: socket.socket | None, user_timeout_s: float) -> None:
    """Make a TCP socket fit for live audio.

    Args:
        sock: the one of a connection; None where there is none.
        user_timeout_s: for which what was sent may stay unacknowledged.
    """
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    for name, value in (
        ("TCP_NOTSENT_LOWAT", NOT_SENT_BYTES),
        ("TCP_USER_TIMEOUT", int(user_timeout_s * 1000)),
    ):
        option = getattr(socket, name, None)  # not on every platform
        if option is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)
