"""Google's recogniser behind the port: streams and requests over one shared service.

Owns the service for the life of the process. Steps down a ladder of
models and endpoints by itself, never restarts a stream. Made by `speech.engines`; tools may
make it themselves from `GoogleOptions` and a list of phrases.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Final

from loguru import logger

from speech.google import V1Dialect, V2Dialect, channel_to
from speech.google_config import MAX_STREAM_S
from speech.google_counters import GoogleCounters
from speech.google_credentials import HOW, Credentials, find_credentials
from speech.google_ladder import Ladder, Rung, rungs_of
from speech.google_options import GoogleOptions, phrase_hints
from speech.google_probe import resolve
from speech.google_request import GoogleRequest
from speech.google_service import CLOSED, NOTHING_LEFT, GoogleService
from speech.google_stream import EndedStream, GoogleStream
from speech.google_wire import Dialect
from speech.ports import (
    Cancellable,
    EngineError,
    RecognizeFailed,
    RecognizerEvent,
    RecognizerSink,
    RecognizeSink,
    StreamEnded,
)

PROBE_AUDIO: Final = b"\xff" * 800
"""0.1 s of silence in µ-law: a refusal comes with the first audio, not before."""


class GoogleRecognizer:
    """Implements `speech.ports.Recognizer`.

    Args:
        options: what to use of Google's API.
        phrases: what callers are expected to say; hints, not a grammar.
        credentials: None: those of this machine, looked for when they are needed.

    Raises:
        EngineError: there are no credentials, or a project is missing. One line.
    """

    name = "google"
    signs_of_life = True
    max_stream_s: float | None = MAX_STREAM_S

    def __init__(
        self,
        options: GoogleOptions,
        phrases: Sequence[str] = (),
        credentials: Credentials | None = None,
    ) -> None:
        found = credentials or find_credentials(options.emulator_host)
        if found is None:
            raise EngineError(f"recogniser google: no Google credentials were found; {HOW}")
        self.language = options.language
        self.early_finals = options.early_finals
        self._where = found.where
        self._hints = phrase_hints(phrases, options.hints)
        self._service = GoogleService(
            _dialect(options, self._hints, found),
            Ladder(rungs_of(options)),
            lambda endpoint: channel_to(endpoint, found.secret),
            options.channels,
        )

    @property
    def about(self) -> str:
        """One line for the boot log: what is in use, by which credentials."""
        rung = self._service.ladder.current or "nothing: every model was refused"
        hints = f"{len(self._hints)} phrase hints"
        return f"recogniser google: {rung}; {hints}; credentials: {self._where}"

    @property
    def counters(self) -> GoogleCounters:
        """What has happened so far."""
        return self._service.counters

    def counts(self) -> Mapping[str, int]:
        """Say how often what has happened, for the metrics; endings are summed up."""
        counters = self.counters
        names = [field.name for field in fields(counters) if field.name != "ended"]
        counts: dict[str, int] = {name: getattr(counters, name) for name in names}
        return counts | {"ended": counters.ended.total()}

    @property
    def rung(self) -> Rung | None:
        """What new streams use; None: every rung was refused."""
        return self._service.ladder.current

    @property
    def open_streams(self) -> int:
        """Streams, and requests, that have not ended."""
        return len(self._service.served)

    async def start(self) -> None:
        """Connect, and find what Google accepts for this language.

        Raises:
            EngineError: the credentials or everything that was tried were refused.
        """
        trouble = await resolve(self._service.ladder, self._probe)
        if trouble is None:
            logger.info("🧭 [STT] Google {}", self.rung)
        else:
            logger.warning("🧭 [STT] Google could not be tried ({}); using {}", trouble, self.rung)

    async def aclose(self) -> None:
        """End the streams and close the connections."""
        await self._service.aclose()

    def open(self, sink: RecognizerSink) -> GoogleStream | EndedStream:
        """Open a stream on the rung in use."""
        rung = self._service.ladder.current
        if rung is None or self._service.closed:
            ended = CLOSED if self._service.closed else NOTHING_LEFT
            self.counters.ended[ended.status] += 1
            sink(ended)
            return EndedStream()
        return GoogleStream(self._service, rung, sink)

    def recognize(self, audio: bytes, sink: RecognizeSink) -> Cancellable:
        """Recognise one segment; answers within 8 s."""
        if self._service.closed:
            sink(RecognizeFailed(CLOSED.status, CLOSED.detail))
            return EndedStream()
        return GoogleRequest(self._service, audio, sink)

    async def _probe(self, rung: Rung) -> StreamEnded:
        """Open a stream for a moment and say how it ended; the ladder is left alone."""
        ended: asyncio.Future[StreamEnded] = asyncio.get_running_loop().create_future()

        def sink(event: RecognizerEvent) -> None:
            if isinstance(event, StreamEnded):
                ended.set_result(event)

        stream = GoogleStream(self._service, rung, sink, lambda _rung, end: end)
        stream.write(PROBE_AUDIO)
        stream.half_close()
        try:
            return await ended
        finally:
            stream.cancel()


def _dialect(options: GoogleOptions, hints: Sequence[str], found: Credentials) -> Dialect:
    if options.api == "v1":
        return V1Dialect(options, hints)
    project = options.project or found.project or ("emulator" if options.emulator_host else None)
    if project is None:
        raise EngineError(
            "recogniser google: STT_API=v2 needs a project and the credentials name none;"
            " set GOOGLE_CLOUD_PROJECT"
        )
    return V2Dialect(options, hints, project)
