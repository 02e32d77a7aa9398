"""The HTTP connections: how many, and how long one may take for a request."""

import asyncio
from typing import Any

import pytest

import web.http_connection
from tests.support.front import STRANGER, FakeTcp, Front, upgrade_request
from tests.support.web import WAIT_S, logged, metric
from web.connection_limit import MAX_CONNECTIONS, MAX_OF_ONE_PEER

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

GET = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Front:
    monkeypatch.setattr(web.http_connection, "REQUEST_TIMEOUT_S", 0.05)
    monkeypatch.setattr(web.http_connection, "PAUSE_TIMEOUT_S", 60.0)
    return Front()


class Aborting(FakeTcp):
    """Says when it is dropped."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1")
        self.dropped = asyncio.Event()

    def abort(self) -> None:
        super().abort()
        self.dropped.set()


def connect(front: Front) -> tuple[Any, Aborting]:
    tcp = Aborting()
    connection = front.connections.connect(front.config, front.state, {})
    connection.connection_made(tcp)
    return connection, tcp


async def answered(tcp: FakeTcp) -> bytes:
    await asyncio.wait_for(tcp.wrote.wait(), WAIT_S)
    tcp.wrote.clear()
    return tcp.written


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"GET"],
        [b"GET / HTTP/1.1\r\n", b"Host: localhost\r\n", b"X-A: 1\r\n"],
        [b"POST /webhook/voice HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", b"a"],
    ],
)
async def test_who_does_not_finish_a_request_in_time_is_dropped_with_one_line(
    front: Front, sent: list[bytes]
) -> None:
    connection, tcp = connect(front)
    with logged() as lines:
        for data in sent:
            connection.data_received(data)
        await asyncio.wait_for(tcp.dropped.wait(), WAIT_S)
        connection.connection_lost(None)
        await asyncio.gather(*front.state.tasks)
    assert lines[0] == "connection refused: slow"
    assert metric(front.metrics, "refused_total", reason="slow") == 1
    assert len(front.connections) == 0


async def test_bytes_that_trickle_in_win_no_time(front: Front) -> None:
    connection, tcp = connect(front)
    due = connection._deadline.when()
    connection.data_received(b"GET / HTTP/1.1\r\n")
    connection.data_received(b"X-A: 1\r\n")
    assert connection._deadline.when() == due
    await asyncio.wait_for(tcp.dropped.wait(), WAIT_S)


async def test_a_body_that_nobody_waits_for_keeps_no_connection(front: Front) -> None:
    connection, tcp = connect(front)
    connection.data_received(GET.replace(b"\r\n\r\n", b"\r\nContent-Length: 100\r\n\r\n"))
    assert b" 200 " in await answered(tcp)
    connection.data_received(b"x")
    await asyncio.wait_for(tcp.dropped.wait(), WAIT_S)


async def test_a_request_in_time_is_followed_by_a_pause_and_another(front: Front) -> None:
    connection, tcp = connect(front)
    for _ in range(3):
        connection.data_received(GET)
        assert b" 200 " in await answered(tcp)
        await asyncio.gather(*front.state.tasks)
        assert not connection._busy
        assert connection._deadline.when() - connection.loop.time() > 50
    assert not tcp.dropped.is_set()
    connection.connection_lost(None)
    assert connection._deadline is None
    assert len(front.connections) == 0


async def test_a_pause_that_a_byte_has_prolonged_ends_as_well(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web.http_connection, "PAUSE_TIMEOUT_S", 0.05)
    connection, tcp = connect(front)
    connection.data_received(GET)
    await answered(tcp)
    with logged() as lines:
        await asyncio.wait_for(tcp.dropped.wait(), WAIT_S)
    assert lines == []


async def test_one_address_gets_so_many_connections_and_this_machine_more(front: Front) -> None:
    held = [front.http_connection() for _ in range(MAX_OF_ONE_PEER)]
    with logged() as lines:
        connection, tcp = front.http_connection()
        connection.data_received(GET)
    assert tcp.aborted
    assert tcp.written == b""
    assert lines == ["connection refused: connections"]
    other, other_tcp = front.http_connection("203.0.113.8")
    assert not other_tcp.aborted
    connection.connection_lost(None)
    assert len(front.connections) == MAX_OF_ONE_PEER + 1
    local = [front.http_connection("127.0.0.1") for _ in range(MAX_OF_ONE_PEER + 1)]
    assert not any(tcp.aborted for _, tcp in local)
    for one, _ in (*held, (other, None), *local):
        one.connection_lost(None)
    assert len(front.connections) == 0
    assert not front.connections._of_peer


async def test_all_together_get_so_many(front: Front) -> None:
    held = [front.http_connection("127.0.0.1") for _ in range(MAX_CONNECTIONS)]
    _, tcp = front.http_connection(STRANGER)
    assert tcp.aborted
    assert metric(front.metrics, "refused_total", reason="connections") == 1
    for one, _ in held:
        one.connection_lost(None)


async def test_a_connection_that_becomes_a_media_socket_leaves_its_place(front: Front) -> None:
    connection, tcp = connect(front)
    connection.data_received(upgrade_request())
    assert len(front.connections) == 0
    assert connection._deadline is None
    assert b" 101 " in await answered(tcp)
    tcp.protocol.connection_lost(None)
    await asyncio.gather(*front.media_gate.handler_tasks)


async def test_nonsense_behind_an_answer_drops_the_connection_and_raises_nothing(
    front: Front,
) -> None:
    connection, tcp = connect(front)
    connection.data_received(GET.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"))
    assert b" 200 " in await answered(tcp)
    with logged() as lines:
        connection.data_received(b"no length\r\n")
        connection.data_received(b"more\r\n")
    assert tcp.dropped.is_set()
    assert len(lines) <= 1
    connection.connection_lost(None)


async def test_nonsense_behind_a_head_raises_nothing(front: Front) -> None:
    connection, tcp = connect(front)
    head = b"HEAD /webhook/voice HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.data_received(head + b"no length\r\n")
    assert tcp.dropped.is_set()
    connection.connection_lost(None)
    await asyncio.gather(*front.state.tasks)


async def test_nonsense_within_a_body_leaves_no_trace_of_whoever_was_answering(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    connection, tcp = connect(front)
    post = b"POST /webhook/voice HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection.data_received(post)
    await asyncio.sleep(0)  # the application waits for the body
    connection.data_received(b"no length\r\n")
    await asyncio.gather(*front.state.tasks)
    assert tcp.written.startswith(b"HTTP/1.1 400 ")
    assert not [record for record in caplog.records if record.exc_info]
    connection.connection_lost(None)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9\r\n\r\n",
        b"\0" * 99,
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 9000,
    ],
)
async def test_what_is_no_http_is_answered_with_400_and_one_line(
    front: Front, nonsense: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    connection, tcp = connect(front)
    connection.data_received(nonsense)
    connection.data_received(nonsense)
    assert tcp.written.startswith(b"HTTP/1.1 400 ")
    assert tcp.closing
    assert caplog.messages == ["Invalid HTTP request received."]
    assert metric(front.metrics, "refused_total", reason="malformed") == 1
    connection.connection_lost(None)
