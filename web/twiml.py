"""TwiML: what our webhooks answer Twilio. Text in, XML out; nothing else.

Built with Twilio's own package, so that escaping is theirs. Knows no request and no call;
`web/webhooks.py` decides which of these to send. Facts: twilio.com/docs/voice/twiml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from twilio.twiml import voice_response  # type: ignore[import-untyped]  # ships no types

from web.phrases import Phrases

MEDIA_PATH: Final = "/ws/twilio-media"
"""Where the media socket is."""

VOICE_PATH: Final = "/webhook/voice"
"""Where Twilio asks what to do with a call."""

AFTER_PATH: Final = "/webhook/after-stream"
"""Where Twilio asks what to do once the stream is over."""

STATUS_PATH: Final = "/webhook/stream_status"
"""Where Twilio says how the stream fared."""

RETRY_QUERY: Final = "?retry=1"
"""Marks the second and last try of a call."""

_twiml: Any = voice_response


@dataclass(frozen=True, slots=True)
class Bases:
    """The two beginnings of our own URLs, without a slash at the end."""

    http: str
    """Such as `https://voice.example.com`."""

    media: str
    """Such as `wss://voice.example.com`."""


def stream(bases: Bases, parameters: Mapping[str, str], *, retry: bool) -> str:
    """Connect the call to the media socket; afterwards Twilio asks `AFTER_PATH`.

    Args:
        bases: where we are.
        parameters: come back in the stream's `start`; under 500 characters each.
        retry: whether the call has broken once already.
    """
    connect = _twiml.Connect(action=AFTER_PATH + (RETRY_QUERY if retry else ""))
    media = connect.stream(
        url=bases.media + MEDIA_PATH,
        track="inbound_track",
        status_callback=bases.http + STATUS_PATH,
        status_callback_method="POST",
    )
    for name, value in parameters.items():
        media.parameter(name=name, value=value)
    response = _twiml.VoiceResponse()
    response.append(connect)
    return str(response)


def hang_up() -> str:
    """End the call."""
    response = _twiml.VoiceResponse()
    response.hangup()
    return str(response)


def say_and_hang_up(text: str, phrases: Phrases) -> str:
    """Say one sentence and end the call."""
    response = _saying(text, phrases)
    response.hangup()
    return str(response)


def apologise_and_retry(phrases: Phrases) -> str:
    """Apologise and set the call up once more."""
    response = _saying(phrases.reconnecting, phrases)
    response.redirect(VOICE_PATH + RETRY_QUERY, method="POST")
    return str(response)


def redirect(url: str) -> str:
    """Have the call go on with the TwiML of another address."""
    response = _twiml.VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def dial(to: str) -> str:
    """Connect the caller to a number or a `sip:` address."""
    target = _twiml.Dial()
    if to.startswith(("sip:", "sips:")):
        target.sip(to)
    else:
        target.number(to)
    response = _twiml.VoiceResponse()
    response.append(target)
    return str(response)


def _saying(text: str, phrases: Phrases) -> Any:
    response = _twiml.VoiceResponse()
    response.say(text, language=phrases.language, voice=phrases.voice)
    return response
