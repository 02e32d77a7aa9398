"""Twilio's JSON: what the phone says, and what it does not forgive the server."""

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone.caller_messages import CONNECTED, CallerMessages
from phone.identity import Identity
from phone.server_messages import Clear, Fault, FaultKind, Mark, Media, ServerMessage, parse

pytestmark = pytest.mark.unit

SID = "MZ" + "0" * 32
IDENTITY = Identity(call_sid="CA1", account_sid="AC1", stream_sid=SID)
PAYLOAD = base64.b64encode(b"\x10" * 160).decode()
GOOD = json.dumps({"event": "media", "streamSid": SID, "media": {"payload": PAYLOAD}})


def _parse(message: object) -> ServerMessage:
    return parse(json.dumps(message).encode(), text=True, stream_sid=SID)


def test_connected_comes_without_numbers() -> None:
    assert json.loads(CONNECTED) == {"event": "connected", "protocol": "Call", "version": "1.0.0"}


def test_start_is_as_documented() -> None:
    assert json.loads(CallerMessages(IDENTITY).start({"token": "t"})) == {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": SID,
        "start": {
            "streamSid": SID,
            "accountSid": "AC1",
            "callSid": "CA1",
            "tracks": ["inbound"],
            "customParameters": {"token": "t"},
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        },
    }


def test_media_carries_strings_and_its_own_count() -> None:
    messages = CallerMessages(IDENTITY)
    messages.start({})
    messages.media(b"\xff" * 160, 0)
    assert json.loads(messages.media(b"\xff\x00", 20)) == {
        "event": "media",
        "sequenceNumber": "3",
        "streamSid": SID,
        "media": {"track": "inbound", "chunk": "2", "timestamp": "20", "payload": "/wA="},
    }


def test_the_sequence_runs_through_all_kinds_and_the_chunk_through_media_only() -> None:
    messages = CallerMessages(IDENTITY)
    written = [
        messages.start({}),
        messages.media(b"", 0),
        messages.dtmf("5"),
        messages.mark('a"b'),
        messages.media(b"", 20),
        messages.stop(),
    ]
    events = [json.loads(message) for message in written]
    assert [event["sequenceNumber"] for event in events] == list("123456")
    assert [event["media"]["chunk"] for event in events if "media" in event] == ["1", "2"]
    assert events[2]["dtmf"] == {"track": "inbound_track", "digit": "5"}
    assert events[3]["mark"] == {"name": 'a"b'}
    assert events[5]["stop"] == {"accountSid": "AC1", "callSid": "CA1"}


def test_the_three_messages_of_a_server_are_understood() -> None:
    assert _parse(json.loads(GOOD)) == Media(b"\x10" * 160)
    assert _parse({"event": "mark", "streamSid": SID, "mark": {"name": "u1#2"}}) == Mark("u1#2")
    assert _parse({"event": "clear", "streamSid": SID}) == Clear()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ([], FaultKind.NOT_AN_OBJECT),
        ({}, FaultKind.UNKNOWN_EVENT),
        ({"event": "connected"}, FaultKind.UNKNOWN_EVENT),
        ({"event": 7, "streamSid": SID}, FaultKind.UNKNOWN_EVENT),
        ({"event": "clear"}, FaultKind.STREAM_SID),
        ({"event": "clear", "streamSid": "MZ1"}, FaultKind.STREAM_SID),
        ({"event": "clear", "streamSid": SID, "extra": 1}, FaultKind.BAD_FIELDS),
        ({"event": "media", "streamSid": SID}, FaultKind.BAD_FIELDS),
        ({"event": "media", "streamSid": SID, "media": {}}, FaultKind.BAD_FIELDS),
        (
            {"event": "media", "streamSid": SID, "media": {"payload": PAYLOAD, "track": "x"}},
            FaultKind.BAD_FIELDS,
        ),
        ({"event": "media", "streamSid": SID, "media": {"payload": ""}}, FaultKind.EMPTY_PAYLOAD),
        ({"event": "media", "streamSid": SID, "media": {"payload": "a"}}, FaultKind.BAD_BASE64),
        ({"event": "media", "streamSid": SID, "media": {"payload": "QU!JD"}}, FaultKind.BAD_BASE64),
        ({"event": "media", "streamSid": SID, "media": {"payload": "ab\n="}}, FaultKind.BAD_BASE64),
        (
            {
                "event": "media",
                "streamSid": SID,
                "media": {"payload": base64.b64encode(b"RIFF1234WAVE").decode()},
            },
            FaultKind.WAV_HEADER,
        ),
        ({"event": "mark", "streamSid": SID, "mark": {}}, FaultKind.MARK_WITHOUT_NAME),
        ({"event": "mark", "streamSid": SID, "mark": {"name": ""}}, FaultKind.MARK_WITHOUT_NAME),
        ({"event": "mark", "streamSid": SID, "mark": {"name": "a", "b": 1}}, FaultKind.BAD_FIELDS),
    ],
)
def test_what_twilio_would_throw_away_is_a_fault(message: object, kind: FaultKind) -> None:
    fault = _parse(message)
    assert isinstance(fault, Fault)
    assert fault.kind is kind


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b'{"event":"media"'])
def test_what_is_not_json_is_a_fault(data: bytes) -> None:
    assert parse(data, text=True, stream_sid=SID) == Fault(FaultKind.NOT_JSON, f"{len(data)} bytes")


def test_a_binary_message_is_a_fault_whatever_it_holds() -> None:
    fault = parse(GOOD.encode(), text=False, stream_sid=SID)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.BINARY


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=5))
def test_no_message_raises_and_details_are_bounded(at: int, junk: bytes) -> None:
    data = GOOD.encode()
    result = parse(data[:at] + junk + data[at + len(junk) :], text=True, stream_sid=SID)
    assert not isinstance(result, Fault) or len(result.detail) <= 80
