"""Tells Twilio by its REST API what is to become of a live call: a transfer, or its end.

Implements `actors.outcome.CallControl`. Owns the few threads that wait for Twilio, so that the
event loop never does, and what its answers mean. Asks once and never again: a call that could
not be moved this way is moved by closing its socket (`actors.farewell`), and a second request
might come behind that. Never logs; counts, for the metrics.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol, assert_never, cast

from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]  # ships none

from actors.outcome import HungUp, Outcome, Told, TransferTo
from settings import Settings
from telemetry import Metrics
from web import twiml

AT_ONCE: Final = 4
"""Requests under way, a thread each. One takes about 0.3 s: that is 12 calls a second, and 200
calls of 3 minutes end one a second. Beyond it the socket is closed at once: nobody queues for
seconds in silence. Also below the 5 connections that twilio's client keeps on one core."""

NOT_FOUND: Final = 20404
"""Twilio's error code for a call that has ended (twilio.com/docs/api/errors/20404)."""

Update = Callable[[str, Mapping[str, str]], object]
"""Updates a call, by its CallSid, with these fields. Blocks; raises what `verdict_on` knows."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one request came to."""

    told: Told
    event: str
    """One of few fixed words, for the metrics."""

    detail: str
    """For the log."""


class TwilioCallControl:
    """Moves and ends calls through the REST API. Used on the event loop only."""

    name = "twilio_api"
    """For the metrics."""

    def __init__(self, update: Update, timeout_s: float) -> None:
        """Use this to update a call; whoever asks is answered within `timeout_s`."""
        self._update = update
        self._timeout_s = timeout_s
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="twilio-api")
        self._under_way: set[asyncio.Future[Verdict]] = set()
        self._counts: Counter[str] = Counter()
        self._closed = False

    def counts(self) -> Mapping[str, int]:
        """Say how often what came of it."""
        return dict(self._counts)

    def bring_about(
        self, call_sid: str, outcome: Outcome, told: Callable[[Told, str], None]
    ) -> None:
        """Ask Twilio for an outcome, see `actors.outcome.CallControl`."""
        if self._closed or len(self._under_way) >= AT_ONCE:
            self._report(Verdict(Told.FAILED, "busy", "too many requests under way"), told)
            return
        loop = asyncio.get_running_loop()
        asked = loop.run_in_executor(
            self._pool, verdict_of, self._update, call_sid, fields_of(outcome)
        )
        self._under_way.add(asked)
        answer = _Once(lambda verdict: self._report(verdict, told))
        overdue = loop.call_later(self._timeout_s, answer.give, _OVERDUE)
        asked.add_done_callback(lambda done: self._on_done(done, answer, overdue))

    async def aclose(self) -> None:
        """Take no more requests, and wait for those under way; never longer than one may take."""
        self._closed = True
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._timeout_s)
        for asked in tuple(self._under_way):
            asked.cancel()  # its thread may still end, and finds nobody
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _on_done(
        self, done: asyncio.Future[Verdict], answer: "_Once", overdue: asyncio.TimerHandle
    ) -> None:
        self._under_way.discard(done)
        overdue.cancel()
        answer.give(_CLOSED if done.cancelled() else done.result())

    def _report(self, verdict: Verdict, told: Callable[[Told, str], None]) -> None:
        self._counts[verdict.event] += 1
        told(verdict.told, verdict.detail)


class _Once:
    """Gives one answer; a later one is late."""

    def __init__(self, give: Callable[[Verdict], None]) -> None:
        self._give: Callable[[Verdict], None] | None = give

    def give(self, verdict: Verdict) -> None:
        give, self._give = self._give, None
        if give is not None:
            give(verdict)


_OVERDUE: Final = Verdict(Told.FAILED, "timeout", "no answer in time")
_CLOSED: Final = Verdict(Told.FAILED, "closed", "the server stops")


def fields_of(outcome: Outcome) -> dict[str, str]:
    """Return what twilio's `update()` is to be given for an outcome."""
    match outcome:
        case HungUp():
            return {"status": "completed"}
        case TransferTo(to=to):
            return {"twiml": twiml.dial(to)}
        case _:
            assert_never(outcome)


def verdict_of(update: Update, call_sid: str, fields: Mapping[str, str]) -> Verdict:
    """Update a call and say what came of it. Runs on a thread; never raises."""
    try:
        update(call_sid, fields)
    except Exception as error:  # noqa: BLE001  # a foreign library's boundary: an answer must come
        return verdict_on(error)
    return Verdict(Told.TAKEN, "taken", "taken")


def verdict_on(error: Exception) -> Verdict:
    """Say what an error means; its text may hold anything and is left out."""
    status, code = _number_of(error, "status"), _number_of(error, "code")
    if isinstance(error, TwilioException) and status is not None:
        detail = f"HTTP {status}, code {code}"
        if code == NOT_FOUND:
            return Verdict(Told.GONE, "gone", detail)
        return Verdict(Told.FAILED, "refused", detail)
    known = isinstance(error, OSError | TwilioException)  # the first: all of the network's
    return Verdict(Told.FAILED, "unreachable" if known else "broken", type(error).__name__)


def _number_of(error: Exception, name: str) -> int | None:
    value = getattr(error, name, None)
    return value if isinstance(value, int) else None


class _Calls(Protocol):
    """What is used of twilio's untyped `Client`."""

    def calls(self, sid: str) -> Any: ...


def make_call_control(settings: Settings, metrics: Metrics) -> TwilioCallControl | None:
    """Make what the settings ask for; None where they name no account or no secret.

    Takes a third of a second, for the library's many modules: at boot, never with the first call.
    """
    account, secret = settings.twilio_account_sid, settings.twilio_auth_token
    if account is None or secret is None:
        return None
    timeout_s = settings.twilio_api_timeout_ms / 1000
    client = _client(account, secret.get_secret_value(), timeout_s, settings.twilio_api_url)

    def update(call_sid: str, fields: Mapping[str, str]) -> object:
        return client.calls(call_sid).update(**fields)

    control = TwilioCallControl(update, timeout_s)
    metrics.engines.watch(control.name, control.counts)
    return control


def _client(account: str, secret: str, timeout_s: float, base_url: str | None) -> _Calls:
    # Hundreds of modules: nobody else is to pay for them.
    from twilio.http.http_client import (  # type: ignore[import-untyped]  # noqa: PLC0415
        TwilioHttpClient,
    )
    from twilio.rest import Client  # type: ignore[import-untyped]  # noqa: PLC0415

    client: Any = Client(
        account,
        secret,
        http_client=TwilioHttpClient(timeout=timeout_s),
        # Not empty, which would mean the real one: a region in it would rewrite our address.
        environment={"TWILIO_EDGE": ""},
    )
    if base_url is not None:
        client.api.base_url = base_url.rstrip("/")
    client.calls("CA")  # imports what the first call would wait for
    return cast("_Calls", client)
