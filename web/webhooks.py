"""Twilio's three webhooks: a call comes in, its stream fares well or not, its stream is over.

Owns which TwiML answers what. Every one is checked for Twilio's signature first, when there
is a token to check it with. Knows no audio and no actors but the root's memory of a call.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from loguru import logger
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from actors.outcome import HungUp, TransferTo
from telemetry import Metrics, printable
from web import twiml
from web.caller_number import CALLER_PARAMETER, caller_of
from web.form import Form, FormError, call_sid_of, read_body, read_query
from web.guard import Guard
from web.guard_middleware import forbid, knock_of
from web.knock import Knock
from web.phrases import Phrases
from web.status import ServerStatus
from web.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook that passed the checks."""

    call_sid: str
    fields: Form
    retry: bool
    """Whether this call has already broken once."""
    bases: twiml.Bases


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Answers Twilio."""

    guard: Guard
    status: ServerStatus
    tokens: Tokens
    metrics: Metrics
    phrases: Phrases
    public_host: str | None

    def routes(self) -> list[Route]:
        """Return the routes of the webhooks."""
        both = ["GET", "POST"]
        return [
            Route(twiml.VOICE_PATH, self._checked(self.voice), methods=both),
            Route(twiml.AFTER_PATH, self._checked(self.after_stream), methods=both),
            Route(twiml.STATUS_PATH, self._checked(self.stream_status), methods=["POST"]),
        ]

    async def voice(self, hook: Hook) -> Response:
        """Connect a call to the media socket, or say that nobody is free."""
        refusal = self.status.root.admission.reserve(hook.call_sid)
        if refusal is not None:
            return self._refused(hook, refusal)
        parameters = {"token": self.tokens.issue(hook.call_sid)}
        caller = caller_of(hook.fields.get("From", [""])[0])
        if caller:
            parameters[CALLER_PARAMETER] = caller
        return _xml(twiml.stream(hook.bases, parameters, retry=hook.retry))

    async def after_stream(self, hook: Hook) -> Response:
        """Do what the call asked for; nobody remembers a call whose process died."""
        match self.status.root.outcome(hook.call_sid):
            case HungUp():
                return _xml(twiml.hang_up())
            case TransferTo(to=to):
                return _xml(twiml.dial(to))
            case None:
                return self._forgotten(hook)

    async def stream_status(self, hook: Hook) -> Response:
        """Log what Twilio says went wrong: nothing else shows why a handshake failed."""
        if hook.fields.get("StreamEvent") == ["stream-error"]:
            error = " ".join(hook.fields.get("StreamError", ["no reason given"]))
            logger.bind(call_sid=hook.call_sid).error("stream-error: {}", printable(error))
        return Response(status_code=204)

    def _refused(self, hook: Hook, reason: str) -> Response:
        """Say that there is no place: one that the call had before is gone, and so its token."""
        self.tokens.revoke(hook.call_sid)
        self.metrics.refused.labels(reason).inc()
        logger.bind(call_sid=hook.call_sid).warning("call refused: {}", reason)
        return _xml(no_room(self.phrases, self.status.root.admission.overload_url))

    def _forgotten(self, hook: Hook) -> Response:
        """Try once more, in a place kept for it: nobody is put off to be turned away."""
        log = logger.bind(call_sid=hook.call_sid)
        if hook.retry:
            self.status.root.admission.release(hook.call_sid)
            self.tokens.revoke(hook.call_sid)
            log.error("after-stream: unknown call, second time: hanging up")
            return _xml(twiml.say_and_hang_up(self.phrases.broken, self.phrases))
        refusal = self.status.root.admission.reserve(hook.call_sid)
        if refusal is not None:
            return self._refused(hook, refusal)
        log.warning("after-stream: unknown call: apologising and connecting once more")
        return _xml(twiml.apologise_and_retry(self.phrases))

    def _checked(
        self, answer: Callable[[Hook], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            knock = knock_of(request.scope)
            try:
                form, reason = await self._read_checked(request, knock)
                if reason is not None:
                    return forbid(knock, reason, self.metrics)
                return await answer(self._hook(request, form, read_query(request)))
            except FormError as error:
                self.metrics.refused.labels("form").inc()
                logger.warning("{}: bad request: {}", request.url.path, error)
                headers = {"Connection": "close"}  # the rest of the body may never come
                return PlainTextResponse(f"{error}\n", 400, headers)

        return endpoint

    async def _read_checked(self, request: Request, knock: Knock) -> tuple[Form, str | None]:
        """Return the form of a webhook, and why it is refused, if it is."""
        reason = self.guard.refuse_unsigned(knock)
        if reason is not None:
            return {}, reason
        body = await read_body(request)
        reason = self.guard.refuse_webhook(knock, body.form, body.raw)
        return ({}, reason) if reason is not None else (body.expect_form(), None)

    def _hook(self, request: Request, form: Form, query: Form) -> Hook:
        retry = query.get("retry") == ["1"]
        return Hook(call_sid_of(form, query), form | query, retry, self._bases(request))

    def _bases(self, request: Request) -> twiml.Bases:
        """Without a public name the guard let only this machine in: its Host is ours."""
        if self.public_host is not None:
            return twiml.Bases(f"https://{self.public_host}", f"wss://{self.public_host}")
        host = request.headers["host"]
        return twiml.Bases(f"http://{host}", f"ws://{host}")


def no_room(phrases: Phrases, overload_url: str | None) -> str:
    """Send a caller who does not fit elsewhere, if there is such a place; else say why."""
    if overload_url is None:
        return twiml.say_and_hang_up(phrases.busy, phrases)
    return twiml.redirect(overload_url)


def _xml(text: str) -> Response:
    return Response(text, media_type="text/xml")
