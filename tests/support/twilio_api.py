"""Twilio's REST API on loopback: the one request that updates a call, over real HTTP.

Checks the basic authentication and the path, keeps every request, and answers as it is told
to: taken, gone, an error, or never.
"""

import base64
import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

ACCOUNT = "AC" + "0" * 31 + "1"
AUTH_KEY = "hush-hush-12345"
WAIT_S = 5.0

GONE = {"code": 20404, "message": "The requested resource was not found", "status": 404}
DENIED = {"code": 20003, "message": "Authenticate", "status": 401}


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    fields: dict[str, str]
    authorized: bool
    user_agent: str


class TwilioApi:
    """The double. `status` and `error` say what is answered from now on."""

    def __init__(self) -> None:
        self.status = 200
        self.error: dict[str, Any] | None = None
        self.asked: list[Asked] = []
        self.go_on = threading.Event()
        """While it is clear, requests get no answer."""
        self.go_on.set()
        self._arrived: queue.Queue[Asked] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, status: int, error: dict[str, Any] | None = None) -> None:
        """Answer every request like this from now on."""
        self.status, self.error = status, error

    def hang(self) -> None:
        """Answer nothing until `go_on` is set."""
        self.go_on.clear()

    def next(self) -> Asked:
        """Wait for a request that was not waited for yet."""
        return self._arrived.get(timeout=WAIT_S)

    def take(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        """Take a request, on its own thread, and say what is answered."""
        self.asked.append(asked)
        self._arrived.put(asked)
        self.go_on.wait(WAIT_S)
        if not asked.authorized:
            return 401, DENIED
        call_sid = _call_sid(asked.path)
        if call_sid is None:
            return 404, {"message": "no such path", "status": 404}
        return self.status, self.error or {"sid": call_sid, "status": "in-progress"}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, and let no request wait."""
        self.go_on.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True


def _call_sid(path: str) -> str | None:
    prefix = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/"
    if not (path.startswith(prefix) and path.endswith(".json")):
        return None
    return path.removeprefix(prefix).removesuffix(".json")


def _handler(api: TwilioApi) -> type[BaseHTTPRequestHandler]:
    right = "Basic " + base64.b64encode(f"{ACCOUNT}:{AUTH_KEY}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            fields = dict(parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
            authorized = self.headers.get("Authorization") == right
            agent = self.headers.get("User-Agent", "")
            status, body = api.take(Asked(self.path, fields, authorized, agent))
            self._send(status, json.dumps(body).encode())

        def _send(self, status: int, body: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                pass  # who asked has given up

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
            """Say nothing."""

    return Handler


@contextmanager
def twilio_api() -> Iterator[TwilioApi]:
    """Run the double until the block is left."""
    api = TwilioApi()
    api.start()
    try:
        yield api
    finally:
        api.stop()
