"""The only door to Google's Speech-to-Text library: its messages, credentials and channels.

Owns how requests are built and responses parsed, in both versions of the API. Holds no
streams, no tasks and no state but prepared requests. The library's clients are not used: the
stock call blocks until the first response and retries with an empty stream, and the logging
wrapper of its transport costs a task for each stream. `speech.google_recognizer` talks to it.
"""

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import google.auth
import grpc.aio
from google.auth.exceptions import GoogleAuthError
from google.cloud.speech_v1.services.speech.transports import SpeechGrpcAsyncIOTransport
from google.cloud.speech_v1.types import cloud_speech as v1
from google.cloud.speech_v2.types import cloud_speech as v2

from speech.google_channels import MakeChannel
from speech.google_config import SAMPLE_RATE_HZ
from speech.google_ladder import Rung
from speech.google_options import GoogleOptions
from speech.google_status import one_line
from speech.google_wire import Metadata
from speech.ports import EngineError

# Typed too loosely by their authors for a strict reading.
_AUTH: Final[Any] = google.auth
_TRANSPORT: Final[Any] = SpeechGrpcAsyncIOTransport

SCOPES: Final = tuple[str, ...](_TRANSPORT.AUTH_SCOPES)
"""What the credentials are asked for."""


def _plain(message: Any) -> Any:
    """Return the protobuf class under one of the library's, whose wrappers cost more than gRPC."""
    return message.pb()


def _serialized(kind: Any, message: Any) -> bytes:
    data: bytes = kind.serialize(message)
    return data


_V1_REQUEST: Final = _plain(v1.StreamingRecognizeRequest)
_V1_RESPONSE: Final = _plain(v1.StreamingRecognizeResponse)
_V1_ANSWER: Final = _plain(v1.RecognizeResponse)
_V2_REQUEST: Final = _plain(v2.StreamingRecognizeRequest)
_V2_RESPONSE: Final = _plain(v2.StreamingRecognizeResponse)
_V2_ANSWER: Final = _plain(v2.RecognizeResponse)


def default_credentials() -> tuple[Any, str | None]:
    """Load Application Default Credentials and their project; may ask a server and block.

    Raises:
        EngineError: there are none, or they cannot be used. One line.
    """
    try:
        secret, project = _AUTH.default(scopes=SCOPES)
    except (GoogleAuthError, OSError, ValueError) as error:
        raise EngineError(one_line(str(error))) from None
    return secret, project


def channel_to(endpoint: str, credentials: Any) -> MakeChannel:
    """Return the maker of channels to an endpoint.

    Args:
        endpoint: host, with a port for an emulator.
        credentials: google-auth's object; None: an emulator, spoken to in the clear.
    """

    def make(options: Sequence[tuple[str, int]]) -> Any:
        if credentials is None:
            return grpc.aio.insecure_channel(endpoint, options=options)
        return _TRANSPORT.create_channel(endpoint, credentials=credentials, options=options)

    return make


class V1Dialect:
    """Version 1; implements `speech.google_wire.Dialect`."""

    streaming_method = "/google.cloud.speech.v1.Speech/StreamingRecognize"
    single_method = "/google.cloud.speech.v1.Speech/Recognize"

    def __init__(self, options: GoogleOptions, hints: Sequence[str]) -> None:
        self._options = options
        self._hints = hints
        self._firsts: dict[Rung, bytes] = {}

    def metadata(self, rung: Rung) -> Metadata:
        """Return nothing: the first version is routed by its endpoint alone."""
        del rung
        return ()

    def first(self, rung: Rung) -> bytes:
        """Return the request with the configuration, serialised once for each rung."""
        if rung not in self._firsts:
            config = v1.StreamingRecognitionConfig(
                config=self._config(rung), interim_results=True, enable_voice_activity_events=True
            )
            request = v1.StreamingRecognizeRequest(streaming_config=config)
            self._firsts[rung] = _serialized(v1.StreamingRecognizeRequest, request)
        return self._firsts[rung]

    def audio(self, audio: bytes) -> bytes:
        """Return a request with audio."""
        data: bytes = _V1_REQUEST(audio_content=audio).SerializeToString()
        return data

    def single(self, rung: Rung, audio: bytes) -> bytes:
        """Return a request for one segment."""
        request = v1.RecognizeRequest(
            config=self._config(rung), audio=v1.RecognitionAudio(content=audio)
        )
        return _serialized(v1.RecognizeRequest, request)

    def streamed(self, data: bytes) -> Any:
        """Parse a response of a stream."""
        return _V1_RESPONSE.FromString(data)

    def answered(self, data: bytes) -> Any:
        """Parse the answer to a single request."""
        return _V1_ANSWER.FromString(data)

    def error_of(self, response: Any) -> tuple[int, str]:
        """Return an error that came as a response although the call goes on."""
        return response.error.code, response.error.message

    def end_of(self, result: Any) -> Any:
        """Return where a result ends."""
        return result.result_end_time

    def _config(self, rung: Rung) -> v1.RecognitionConfig:
        hints = v1.SpeechContext(phrases=self._hints, boost=self._options.hint_boost)
        return v1.RecognitionConfig(
            encoding=v1.RecognitionConfig.AudioEncoding.MULAW,
            sample_rate_hertz=SAMPLE_RATE_HZ,
            language_code=rung.language,
            model=rung.model,
            use_enhanced=self._options.use_enhanced,
            enable_automatic_punctuation=self._options.punctuation,
            profanity_filter=False,
            speech_contexts=[hints] if self._hints else [],
        )


class V2Dialect:
    """Version 2; implements `speech.google_wire.Dialect`."""

    streaming_method = "/google.cloud.speech.v2.Speech/StreamingRecognize"
    single_method = "/google.cloud.speech.v2.Speech/Recognize"

    def __init__(self, options: GoogleOptions, hints: Sequence[str], project: str) -> None:
        self._options = options
        self._hints = hints
        self._project = project
        self._firsts: dict[Rung, bytes] = {}

    def metadata(self, rung: Rung) -> Metadata:
        """Return the routing header, by which a request finds its location."""
        name = quote(self._recognizer(rung), safe="")
        return (("x-goog-request-params", f"recognizer={name}"),)

    def first(self, rung: Rung) -> bytes:
        """Return the request with the configuration, serialised once for each rung."""
        if rung not in self._firsts:
            features = v2.StreamingRecognitionFeatures(
                interim_results=True, enable_voice_activity_events=True
            )
            config = v2.StreamingRecognitionConfig(
                config=self._config(rung), streaming_features=features
            )
            request = v2.StreamingRecognizeRequest(
                recognizer=self._recognizer(rung), streaming_config=config
            )
            self._firsts[rung] = _serialized(v2.StreamingRecognizeRequest, request)
        return self._firsts[rung]

    def audio(self, audio: bytes) -> bytes:
        """Return a request with audio."""
        data: bytes = _V2_REQUEST(audio=audio).SerializeToString()
        return data

    def single(self, rung: Rung, audio: bytes) -> bytes:
        """Return a request for one segment."""
        request = v2.RecognizeRequest(
            recognizer=self._recognizer(rung), config=self._config(rung), content=audio
        )
        return _serialized(v2.RecognizeRequest, request)

    def streamed(self, data: bytes) -> Any:
        """Parse a response of a stream."""
        return _V2_RESPONSE.FromString(data)

    def answered(self, data: bytes) -> Any:
        """Parse the answer to a single request."""
        return _V2_ANSWER.FromString(data)

    def error_of(self, response: Any) -> tuple[int, str]:
        """Return none: the second version has errors only as the call's status."""
        del response
        return 0, ""

    def end_of(self, result: Any) -> Any:
        """Return where a result ends."""
        return result.result_end_offset

    def _recognizer(self, rung: Rung) -> str:
        return f"projects/{self._project}/locations/{rung.location}/recognizers/_"

    def _config(self, rung: Rung) -> v2.RecognitionConfig:
        return v2.RecognitionConfig(
            explicit_decoding_config=v2.ExplicitDecodingConfig(
                encoding=v2.ExplicitDecodingConfig.AudioEncoding.MULAW,
                sample_rate_hertz=SAMPLE_RATE_HZ,
                audio_channel_count=1,
            ),
            model=rung.model,
            language_codes=[rung.language],
            features=v2.RecognitionFeatures(
                enable_automatic_punctuation=self._options.punctuation, profanity_filter=False
            ),
            adaptation=self._adaptation(),
        )

    def _adaptation(self) -> v2.SpeechAdaptation | None:
        if not self._hints:
            return None
        boost = self._options.hint_boost
        phrases = [v2.PhraseSet.Phrase(value=hint, boost=boost) for hint in self._hints]
        inline = v2.PhraseSet(phrases=phrases)
        return v2.SpeechAdaptation(
            phrase_sets=[v2.SpeechAdaptation.AdaptationPhraseSet(inline_phrase_set=inline)]
        )
