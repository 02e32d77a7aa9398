"""What becomes of a caller who does not fit: another address, or a sentence.

Text in, XML out, as in `web.twiml`; used by the webhooks for every refusal alike.
"""

from typing import Any, Final

from twilio.twiml import voice_response  # type: ignore[import-untyped]  # ships no types

from web import twiml
from web.phrases import Phrases

_twiml: Final[Any] = voice_response


def no_room(phrases: Phrases, overload_url: str | None) -> str:
    """Send the caller elsewhere where there is such a place; else say that nobody is free."""
    if overload_url is None:
        return twiml.say_and_hang_up(phrases.busy, phrases)
    response = _twiml.VoiceResponse()
    response.redirect(overload_url, method="POST")
    return str(response)
