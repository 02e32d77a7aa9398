"""Reads TwiML as strictly as Twilio's documentation allows, and more strictly than Twilio.

Pure: bytes in, verbs out. What Twilio would only log as a schema warning is an error here,
because a test double that forgives hides the mistake. Never follows a URL.
Talked to by `call`. Rules: twilio.com/docs/voice/twiml/stream and the error codes named.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

from phone.errors import TwimlError

MAX_TWIML_BYTES: Final = 64 * 1024
"""Twilio refuses longer documents (error 11750)."""

MAX_PARAMETER_CHARS: Final = 500
"""Name and value of a `<Parameter>` together stay below this."""


@dataclass(frozen=True, slots=True)
class ConnectStream:
    """`<Connect><Stream>`: a bidirectional stream."""

    url: str
    """Absolute, as signed."""
    parameters: Mapping[str, str]
    action: str | None
    """Absolute; asked for the next verbs once the stream has ended."""
    status_callback: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Say:
    """Text spoken by Twilio itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Connects the caller to somebody else."""

    to: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """Goes on with the TwiML of another URL (absolute)."""

    url: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Does not answer the call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Hangup:
    """Ends the call."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits in silence."""

    seconds: float


Verb = ConnectStream | Say | Dial | Redirect | Reject | Hangup | Pause

_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "Response": frozenset(),
    "Connect": frozenset({"action", "method"}),
    "Stream": frozenset({"url", "name", "track", "statusCallback", "statusCallbackMethod"}),
    "Parameter": frozenset({"name", "value"}),
    "Say": frozenset({"voice", "language", "loop"}),
    "Dial": frozenset({"action", "method", "timeout", "callerId", "answerOnBridge", "timeLimit"}),
    "Number": frozenset(),
    "Sip": frozenset(),
    "Redirect": frozenset({"method"}),
    "Reject": frozenset({"reason"}),
    "Hangup": frozenset(),
    "Pause": frozenset({"length"}),
}


def parse_twiml(document: bytes, base_url: str) -> tuple[Verb, ...]:
    """Read a TwiML document.

    Args:
        document: The body of the webhook's answer.
        base_url: The URL that gave it; relative ones are resolved against it.

    Returns:
        Its verbs, in order.

    Raises:
        TwimlError: one line saying what is wrong and where.
    """
    root = _parse_xml(document)
    if root.tag != "Response":
        raise TwimlError(f"the TwiML's root is <{root.tag}>, expected <Response>")
    _check_attributes(root)
    return tuple(_verb(element, base_url) for element in root)


def _parse_xml(document: bytes) -> ET.Element:
    if len(document) > MAX_TWIML_BYTES:
        raise TwimlError(f"the TwiML has {len(document)} bytes, Twilio takes {MAX_TWIML_BYTES}")
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise TwimlError("the TwiML declares a document type; Twilio takes none")
    try:
        # Entities are refused above, so the expansion attack that S314 is about cannot be made.
        return ET.fromstring(document)  # noqa: S314
    except ET.ParseError as error:
        raise TwimlError(f"the TwiML is not XML (error 12100): {error}") from None


def _check_attributes(element: ET.Element) -> None:
    known = _ATTRIBUTES.get(element.tag)
    if known is None:
        raise TwimlError(f"<{element.tag}> is not a verb this phone knows")
    for name in element.attrib:
        if name not in known:
            raise TwimlError(f"<{element.tag}> has no attribute {name!r} (warning 12200)")


def _verb(element: ET.Element, base_url: str) -> Verb:  # noqa: PLR0911 - a case each
    _check_attributes(element)
    text = (element.text or "").strip()
    match element.tag:
        case "Connect":
            return _connect(element, base_url)
        case "Say" if text:
            return Say(text)
        case "Dial":
            return Dial(_dialled(element, text))
        case "Redirect" if text:
            return Redirect(urljoin(base_url, text))
        case "Reject":
            return Reject(_reject_reason(element))
        case "Hangup":
            return Hangup()
        case "Pause":
            return Pause(_pause_seconds(element))
        case _:
            raise TwimlError(f"<{element.tag}> is incomplete, or not a child of <Response>")


def _dialled(element: ET.Element, text: str) -> str:
    for child in element:
        _check_attributes(child)
        text = text or (child.text or "").strip()
    if not text:
        raise TwimlError("<Dial> names nobody to call")
    return text


def _reject_reason(element: ET.Element) -> str:
    reason = element.get("reason", "rejected")
    if reason not in {"rejected", "busy"}:
        raise TwimlError(f"<Reject reason={reason!r}> expects rejected or busy")
    return reason


def _pause_seconds(element: ET.Element) -> float:
    try:
        return float(element.get("length", "1"))
    except ValueError:
        raise TwimlError("<Pause length> expects a number of seconds") from None


def _connect(element: ET.Element, base_url: str) -> ConnectStream:
    if len(element) != 1 or element[0].tag != "Stream":
        raise TwimlError("<Connect> expects exactly one <Stream>")
    stream = element[0]
    _check_attributes(stream)
    if stream.get("track", "inbound_track") != "inbound_track":
        raise TwimlError("under <Connect> the only track is inbound_track (error 31941)")
    action = element.get("action")
    callback = stream.get("statusCallback")
    return ConnectStream(
        url=_stream_url(stream.get("url", ""), base_url),
        parameters=_parameters(stream),
        action=None if action is None else urljoin(base_url, action),
        status_callback=None if callback is None else urljoin(base_url, callback),
        name=stream.get("name"),
    )


def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine: a plain `ws://` to it passes, elsewhere it is error 31922."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _stream_url(reference: str, base_url: str) -> str:
    if not reference:
        raise TwimlError("<Stream> has no url")
    url = reference
    if "://" not in reference:
        joined = urljoin(base_url, reference)
        url = "ws" + joined.removeprefix("http")
    parts = urlsplit(url)
    if parts.scheme != "wss" and not (parts.scheme == "ws" and is_loopback(parts.hostname)):
        raise TwimlError(f"<Stream url> expects wss:// (error 31922), not {url!r}")
    if parts.query:
        raise TwimlError("<Stream url> has a query string, which Twilio drops (error 31920)")
    return url


def _parameters(stream: ET.Element) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for child in stream:
        _check_attributes(child)
        name, value = child.get("name"), child.get("value")
        if child.tag != "Parameter" or not name or value is None:
            raise TwimlError("<Stream> expects only <Parameter name= value=>")
        if len(name) + len(value) >= MAX_PARAMETER_CHARS:
            raise TwimlError(f"<Parameter {name[:40]!r}> is longer than {MAX_PARAMETER_CHARS}")
        found[name] = value
    return found
