"""`google.cloud.speech.v1` on the emulator's side of the wire."""

from typing import Any, Final

from google.cloud.speech_v1.types import cloud_speech

from tests.emulator.wire import CONFIDENCE, MULAW_HZ, Config, split

UNSTABLE: Final = 0.01
"""Stability of the newest word of a partial."""

_StreamRequest: Final[Any] = cloud_speech.StreamingRecognizeRequest.pb()
_StreamResponse: Final[Any] = cloud_speech.StreamingRecognizeResponse.pb()
_Request: Final[Any] = cloud_speech.RecognizeRequest.pb()
_Response: Final[Any] = cloud_speech.RecognizeResponse.pb()
_Encoding: Final = cloud_speech.RecognitionConfig.AudioEncoding
_Event: Final = cloud_speech.StreamingRecognizeResponse.SpeechEventType


class WireV1:
    """Implements `Wire`."""

    service = "google.cloud.speech.v1.Speech"
    parse_stream_request = staticmethod(_StreamRequest.FromString)
    parse_request = staticmethod(_Request.FromString)

    def config_of(self, request: Any) -> Config | None:
        """Read `streaming_config`."""
        if not request.HasField("streaming_config"):
            return None
        streaming = request.streaming_config
        return _config(
            streaming.config,
            interim=streaming.interim_results,
            activity=streaming.enable_voice_activity_events,
        )

    def audio_of(self, request: Any) -> bytes:
        """Read `audio_content`."""
        audio: bytes = request.audio_content
        return audio

    def partial(self, words: list[str], stability: float, end_ms: float) -> Any:
        """Make a response of one or two interim results."""
        results = [
            {
                "alternatives": [{"transcript": text}],
                "stability": stability if stable else UNSTABLE,
                "result_end_time": duration(end_ms),
            }
            for text, stable in split(words)
        ]
        return _StreamResponse(results=results)

    def final(self, text: str, end_ms: float) -> Any:
        """Make a response of one final result."""
        result = {
            "alternatives": [{"transcript": text, "confidence": CONFIDENCE}],
            "is_final": True,
            "result_end_time": duration(end_ms),
        }
        return _StreamResponse(results=[result])

    def activity(self, at_ms: float, *, began: bool) -> Any:
        """Make a speech event."""
        event = _Event.SPEECH_ACTIVITY_BEGIN if began else _Event.SPEECH_ACTIVITY_END
        return _StreamResponse(speech_event_type=int(event), speech_event_time=duration(at_ms))

    def in_band(self, code: int, detail: str) -> Any | None:
        """Make a response that is an error."""
        return _StreamResponse(error={"code": code, "message": detail})

    def single(self, request: Any) -> tuple[Config, bytes]:
        """Read a `RecognizeRequest`."""
        return _config(request.config), request.audio.content

    def recognized(self, text: str) -> Any:
        """Make a `RecognizeResponse`."""
        if not text:
            return _Response()
        return _Response(
            results=[{"alternatives": [{"transcript": text, "confidence": CONFIDENCE}]}]
        )


def duration(ms: float) -> dict[str, int]:
    """Spell milliseconds as protobuf's duration."""
    seconds, rest = divmod(int(ms), 1000)
    return {"seconds": seconds, "nanos": rest * 1_000_000}


def _config(config: Any, *, interim: bool = False, activity: bool = False) -> Config:
    telephone = config.encoding == _Encoding.MULAW and config.sample_rate_hertz == MULAW_HZ
    return Config(
        model=config.model or "default",
        languages=(config.language_code,),
        telephone_audio=telephone,
        interim_results=interim,
        activity_events=activity,
        problem=None if config.language_code else "Invalid language code: empty.",
    )
