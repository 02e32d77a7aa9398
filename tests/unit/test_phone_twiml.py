"""TwiML read strictly, signatures by the official vectors, and the way to the server."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone.errors import TwimlError
from phone.outcome import describe
from phone.route import Route
from phone.signature import sign
from phone.twiml import (
    ConnectStream,
    Dial,
    Hangup,
    Pause,
    Redirect,
    Reject,
    Say,
    parse_twiml,
)

pytestmark = pytest.mark.unit

BASE = "https://agent.example.com/webhook/voice"
STREAM = (
    '<Response><Connect action="/webhook/after-stream">'
    '<Stream url="wss://agent.example.com/ws/twilio-media" track="inbound_track" '
    'statusCallback="/webhook/stream" statusCallbackMethod="POST">'
    '<Parameter name="token" value="a&amp;b"/></Stream></Connect></Response>'
)


def _connect(inner: str) -> str:
    return f"<Response><Connect>{inner}</Connect></Response>"


def _parse(inner: str) -> tuple[object, ...]:
    return parse_twiml(f"<Response>{inner}</Response>".encode(), BASE)


def test_a_connected_stream_is_read_whole() -> None:
    assert parse_twiml(STREAM.encode(), BASE) == (
        ConnectStream(
            url="wss://agent.example.com/ws/twilio-media",
            parameters={"token": "a&b"},
            action="https://agent.example.com/webhook/after-stream",
            status_callback="https://agent.example.com/webhook/stream",
            name=None,
        ),
    )


def test_a_relative_stream_url_keeps_to_the_server() -> None:
    (verb,) = _parse('<Connect><Stream url="/ws"/></Connect>')
    assert isinstance(verb, ConnectStream)
    assert verb.url == "wss://agent.example.com/ws"


def test_plain_verbs_are_read_in_order() -> None:
    verbs = _parse(
        "<Say>Sorry</Say><Pause length='2'/><Dial><Number>+15550100</Number></Dial>"
        "<Redirect>/again</Redirect><Reject reason='busy'/><Hangup/>"
    )
    assert verbs == (
        Say("Sorry"),
        Pause(2.0),
        Dial("+15550100"),
        Redirect("https://agent.example.com/again"),
        Reject("busy"),
        Hangup(),
    )
    assert describe(()) == "hang up"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<Response>", "12100"),
        ("<Reply/>", "expected <Response>"),
        ("<!DOCTYPE x><Response/>", "document type"),
        ("<Response><Gather/></Response>", "not a verb"),
        ("<Response><Stream url='wss://x/'/></Response>", "not a child"),
        ("<Response><Connect/></Response>", "exactly one <Stream>"),
        ("<Response><Connect><Stream/></Connect></Response>", "no url"),
        ("<Response><Connect><Stream url='https://x/'/></Connect></Response>", "31922"),
        ("<Response><Connect><Stream url='ws://x/'/></Connect></Response>", "31922"),
        ("<Response><Connect><Stream url='wss://x/?a=1'/></Connect></Response>", "31920"),
        (
            "<Response><Connect><Stream url='wss://x/' track='both_tracks'/></Connect></Response>",
            "31941",
        ),
        (
            _connect("<Stream url='wss://x/' statusCallbackEvent='start'/>"),
            "no attribute 'statusCallbackEvent'",
        ),
        (
            _connect("<Stream url='wss://x/'><Parameter name='a'/></Stream>"),
            "expects only <Parameter",
        ),
        ("<Response><Dial/></Response>", "nobody"),
        ("<Response><Reject reason='tired'/></Response>", "rejected or busy"),
        ("<Response><Pause length='x'/></Response>", "number"),
        ("<Response>" + " " * 70000 + "</Response>", "65536"),
    ],
)
def test_a_mistake_is_one_clear_line(document: str, message: str) -> None:
    with pytest.raises(TwimlError, match=message) as caught:
        parse_twiml(document.encode(), BASE)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "127.0.0.2:8080", "[::1]:8080"])
def test_a_plain_stream_to_this_machine_is_let_through(host: str) -> None:
    (verb,) = _parse(f"<Connect><Stream url='ws://{host}/ws'/></Connect>")
    assert isinstance(verb, ConnectStream)
    assert verb.url == f"ws://{host}/ws"


def test_a_parameter_has_a_bound() -> None:
    with pytest.raises(TwimlError, match="longer than 500"):
        _parse(
            f'<Connect><Stream url="wss://x/"><Parameter name="a" value="{"v" * 499}"/>'
            "</Stream></Connect>"
        )


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, len(STREAM) - 1), st.binary(max_size=4))
def test_no_document_raises_anything_else(at: int, junk: bytes) -> None:
    document = STREAM.encode()
    with suppress(TwimlError):
        parse_twiml(document[:at] + junk + document[at + len(junk) :], BASE)


PARAMS = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
    ("Caller", "+14158675309"),
]


@pytest.mark.parametrize(
    ("url", "fields", "expected"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", PARAMS, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://mycompany.com:443/myapp.php?foo=1&bar=2", PARAMS, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (
            "http://mycompany.com:1234/myapp.php?foo=1&bar=2",
            PARAMS,
            "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=",
        ),
        (
            "https://mycompany.com/myapp.php?foo=1&bar=2",
            [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")],
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
        ("wss://example.com/ws/twilio-media", [], "WBxAF43rvp6g9F8Szu06yA8pv+8="),
        ("wss://example.com/ws/twilio-media/", [], "HGhasagwd+4p7t6z3gsUWpxzbYE="),
    ],
)
def test_signatures_equal_the_published_vectors(
    url: str, fields: list[tuple[str, str]], expected: str
) -> None:
    assert sign("12345", url, fields) == expected


def test_a_server_on_this_machine_is_reached_directly_whatever_it_calls_itself() -> None:
    route = Route("http://localhost:8080")
    assert route.socket("wss://agent.example.com/ws") == "ws://localhost:8080/ws"
    assert route.reachable("https://agent.example.com/a?b=1") == "http://localhost:8080/a?b=1"
    assert route.public("/webhook/voice") == "http://localhost:8080/webhook/voice"


def test_a_public_name_is_signed_and_mapped() -> None:
    route = Route("http://10.0.0.5:8080", "https://agent.example.com/")
    assert route.public("/webhook/voice") == "https://agent.example.com/webhook/voice"
    assert route.reachable("https://agent.example.com/x") == "http://10.0.0.5:8080/x"
    assert route.socket("wss://agent.example.com/ws") == "ws://10.0.0.5:8080/ws"


def test_a_public_server_is_left_alone_unless_a_socket_is_given() -> None:
    url = "wss://agent.example.com/ws"
    assert Route("https://agent.example.com").socket(url) == url
    assert Route("https://x.example", ws_url="ws://localhost:1/ws").socket(url) == (
        "ws://localhost:1/ws"
    )
