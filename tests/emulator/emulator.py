"""The emulator in one event loop: the gRPC server, the network before it, the orders it takes.

Owns their start and end. `handlers()` of every service are listed in `SERVICES`: another
service of the same server is one more line there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

import grpc.aio

from tests.emulator import speech
from tests.emulator.house import House, Limits
from tests.emulator.network import HOST, Network
from tests.support.stamped_ear import StreamCounter
from tests.support.stamped_faults import Fault, FaultBook

SERVICES: Final[tuple[Callable[[House], Iterable[Any]], ...]] = (speech.handlers,)

MAX_STREAMS: Final = 100
"""HTTP/2 streams of one connection at a time, as Google's front end allows."""

LOOKAHEAD_BYTES: Final = 4096
"""HTTP/2 flow control window: half a second of audio, so that a server that does not read
is felt at once. Without `bdp_probe=0` gRPC would widen it to megabytes."""

OPTIONS: Final = (
    ("grpc.max_concurrent_streams", MAX_STREAMS),
    ("grpc.http2.lookahead_bytes", LOOKAHEAD_BYTES),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.so_reuseport", 0),
)


class Emulator:
    """One emulator."""

    def __init__(self, limits: Limits) -> None:
        self.house = House(limits)
        self._server: Any = None
        self._network = Network(0)
        self._orders: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "script": self._script,
            "report": self._report,
            "clear": self._clear,
            "break": self._break,
            "network": self._set_network,
        }

    async def start(self, port: int = 0) -> int:
        """Listen on loopback; returns the port."""
        self._server = grpc.aio.server(options=OPTIONS)  # binds to the running loop
        for handlers in SERVICES:
            self._server.add_generic_rpc_handlers(tuple(handlers(self.house)))
        self._network.behind = self._server.add_insecure_port(f"{HOST}:0")
        await self._server.start()
        self.house.cut = self._network.cut
        return await self._network.listen(port)

    async def stop(self) -> None:
        """End every stream and stop."""
        await self._network.close()
        if self._server is not None:
            await self._server.stop(None)

    async def obey(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Do what a control line says; `do` names it.

        Returns:
            the answer; `error` in it says what was wrong with the order.
        """
        work = self._orders.get(str(order.get("do")))
        if work is None:
            return {"error": f"do: expected one of {', '.join(self._orders)}"}
        try:
            answer = work({name: value for name, value in order.items() if name != "do"})
            return answer if isinstance(answer, dict) else await answer
        except (TypeError, ValueError, KeyError, OSError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _script(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Put rules, limits and refused models in force; what is not named stays."""
        if "faults" in order:
            self.house.book = FaultBook(Fault.from_json(one) for one in order["faults"])
        if "limits" in order:
            self.house.limits = replace(self.house.limits, **order["limits"])
        if "refused_models" in order:
            self.house.refused_models = tuple(order["refused_models"])
        for call, at in order.get("began_at", {}).items():
            self.house.journal.report.began_at[int(call)] = float(at)
        return {"limits": asdict(self.house.limits)}

    def _report(self, _order: Mapping[str, Any]) -> dict[str, Any]:
        self.house.journal.report.connections = self._network.connections
        return self.house.journal.report.as_json()

    def _clear(self, _order: Mapping[str, Any]) -> dict[str, Any]:
        """Forget rules, numbers and the report."""
        self.house.book = FaultBook()
        self.house.refused_models = ()
        self.house.counter = StreamCounter()
        self.house.journal.clear()
        self.house.journal.report.began_at.clear()
        return {}

    def _break(self, _order: Mapping[str, Any]) -> dict[str, Any]:
        """Reset every connection."""
        cut = len(self._network.links)
        self._network.cut_all()
        return {"cut": cut}

    async def _set_network(self, order: Mapping[str, Any]) -> dict[str, Any]:
        """Set how connections fare: `delay_s`, `black_hole`, `swallow`, `refuse`."""
        self._network.delay_s = float(order.get("delay_s", self._network.delay_s))
        self._network.black_hole = bool(order.get("black_hole", self._network.black_hole))
        if order.get("swallow"):
            self._network.swallow()
        if order.get("refuse") is True:
            self._network.refuse()
        elif order.get("refuse") is False:
            await self._network.listen()
        return {}
