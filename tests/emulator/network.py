"""The network in front of the emulator: a TCP relay that can be cut, slowed down and closed.

Owns the port that clients connect to. Passes bytes both ways and lets back pressure through:
a side that is not read is not read from. Knows nothing of gRPC.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Any, Final, cast

HIGH_WATER_BYTES: Final = 16 * 1024
"""Relayed bytes that wait for a slow reader; beyond it the other side is not read."""

HOST: Final = "127.0.0.1"

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: a close becomes a reset (socket(7))."""


class _Side(asyncio.Protocol):
    """One end of a relayed connection."""

    def __init__(self, link: "_Link") -> None:
        self.link = link
        self.transport: asyncio.Transport | None = None
        self.other: _Side | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES)
        sock: socket.socket = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.made(self)

    def data_received(self, data: bytes) -> None:
        if self.link.dropping:
            return
        if self.other is not None and self.other.transport is not None:
            self.other.transport.write(data)
        else:
            self.link.early.append(data)

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self.link.close()


class _Link:
    """One connection of a client and the one behind it."""

    def __init__(self, network: "Network") -> None:
        self.dropping = False
        self.early: list[bytes] = []
        """What the client sent before the connection behind it stood."""
        self.client = _Side(self)
        self.server = _Side(self)
        self._network = network
        self._opening: asyncio.Task[None] | None = None

    @property
    def peer(self) -> str:
        """The client as gRPC's server sees it."""
        if self.server.transport is None:
            return ""
        host, port = self.server.transport.get_extra_info("sockname")
        return f"ipv4:{host}:{port}"

    def made(self, side: _Side) -> None:
        if side is self.client:
            self._network.links.add(self)
            self._network.connections += 1
            self._opening = asyncio.create_task(self._open())
            return
        self.client.other, self.server.other = self.server, self.client
        for data in self.early:
            cast("asyncio.Transport", side.transport).write(data)
        self.early.clear()

    def close(self, *, reset: bool = False) -> None:
        """End both connections."""
        self._network.links.discard(self)
        if self._opening is not None:
            self._opening.cancel()
        for side in (self.client, self.server):
            transport, side.transport = side.transport, None
            if transport is not None:
                if reset and side is self.client:
                    sock: Any = transport.get_extra_info("socket")
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                transport.abort() if reset else transport.close()

    async def _open(self) -> None:
        if self._network.black_hole:
            self.dropping = True
            return
        await asyncio.sleep(self._network.delay_s)
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.server, HOST, self._network.behind)
        except OSError:
            self.close(reset=True)


class Network:
    """Listens, relays, and fails as told.

    Args:
        behind: the port on loopback that is relayed to.
    """

    def __init__(self, behind: int) -> None:
        self.behind = behind
        self.port = 0
        self.delay_s = 0.0
        """Before a new connection gets through."""
        self.black_hole = False
        """New connections are taken and nothing comes back."""
        self.connections = 0
        """Taken so far."""
        self.links: set[_Link] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, port: int = 0) -> int:
        """Take connections; returns the port.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Link(self).client, HOST, port or self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    def refuse(self) -> None:
        """Take no more connections; those that stand, stand."""
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut_all(self) -> None:
        """Reset every connection."""
        for link in list(self.links):
            link.close(reset=True)

    def cut(self, peer: str) -> None:
        """Reset the connection of one of gRPC's peers."""
        for link in list(self.links):
            if link.peer == peer:
                link.close(reset=True)

    def swallow(self) -> None:
        """Drop whatever comes over the connections that stand, in silence."""
        for link in self.links:
            link.dropping = True

    async def close(self) -> None:
        """Stop."""
        self.refuse()
        for link in list(self.links):
            link.close()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(0)
