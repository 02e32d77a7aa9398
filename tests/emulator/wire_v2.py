"""`google.cloud.speech.v2` on the emulator's side of the wire."""

import re
from typing import Any, Final

from google.cloud.speech_v2.types import cloud_speech

from tests.emulator.wire import CONFIDENCE, MULAW_HZ, Config, split
from tests.emulator.wire_v1 import UNSTABLE, duration

_RECOGNIZER: Final = re.compile(r"projects/[^/]+/locations/[^/]+/recognizers/[^/]+")

_StreamRequest: Final[Any] = cloud_speech.StreamingRecognizeRequest.pb()
_StreamResponse: Final[Any] = cloud_speech.StreamingRecognizeResponse.pb()
_Request: Final[Any] = cloud_speech.RecognizeRequest.pb()
_Response: Final[Any] = cloud_speech.RecognizeResponse.pb()
_Encoding: Final = cloud_speech.ExplicitDecodingConfig.AudioEncoding
_Event: Final = cloud_speech.StreamingRecognizeResponse.SpeechEventType


class WireV2:
    """Implements `Wire`."""

    service = "google.cloud.speech.v2.Speech"
    parse_stream_request = staticmethod(_StreamRequest.FromString)
    parse_request = staticmethod(_Request.FromString)

    def config_of(self, request: Any) -> Config | None:
        """Read `streaming_config` and the recogniser's name."""
        if not request.HasField("streaming_config"):
            return None
        streaming = request.streaming_config
        features = streaming.streaming_features
        return _config(
            streaming.config,
            request.recognizer,
            interim=features.interim_results,
            activity=features.enable_voice_activity_events,
        )

    def audio_of(self, request: Any) -> bytes:
        """Read `audio`."""
        audio: bytes = request.audio
        return audio

    def partial(self, words: list[str], stability: float, end_ms: float) -> Any:
        """Make a response of one or two interim results."""
        results = [
            {
                "alternatives": [{"transcript": text}],
                "stability": stability if stable else UNSTABLE,
                "result_end_offset": duration(end_ms),
            }
            for text, stable in split(words)
        ]
        return _StreamResponse(results=results)

    def final(self, text: str, end_ms: float) -> Any:
        """Make a response of one final result."""
        result = {
            "alternatives": [{"transcript": text, "confidence": CONFIDENCE}],
            "is_final": True,
            "result_end_offset": duration(end_ms),
        }
        return _StreamResponse(results=[result])

    def activity(self, at_ms: float, *, began: bool) -> Any:
        """Make a speech event."""
        event = _Event.SPEECH_ACTIVITY_BEGIN if began else _Event.SPEECH_ACTIVITY_END
        return _StreamResponse(speech_event_type=int(event), speech_event_offset=duration(at_ms))

    def in_band(self, code: int, detail: str) -> Any | None:
        """Version 2 has no error inside a response."""
        del code, detail
        return None

    def single(self, request: Any) -> tuple[Config, bytes]:
        """Read a `RecognizeRequest`."""
        return _config(request.config, request.recognizer), request.content

    def recognized(self, text: str) -> Any:
        """Make a `RecognizeResponse`."""
        if not text:
            return _Response()
        return _Response(
            results=[{"alternatives": [{"transcript": text, "confidence": CONFIDENCE}]}]
        )


def _config(
    config: Any, recognizer: str, *, interim: bool = False, activity: bool = False
) -> Config:
    decoding = config.explicit_decoding_config
    telephone = decoding.encoding == _Encoding.MULAW and decoding.sample_rate_hertz == MULAW_HZ
    named = _RECOGNIZER.fullmatch(recognizer)
    problem = None if named else "Invalid resource field value in the request: recognizer."
    return Config(
        model=config.model,
        languages=tuple(config.language_codes),
        telephone_audio=telephone,
        interim_results=interim,
        activity_events=activity,
        problem=problem if config.language_codes else "language_codes: empty.",
    )
