"""The server's side of the wire: what each message means, and that none breaks the reader."""

import base64
import json
from typing import Any, cast

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import twilio
from media.twilio import WireError

pytestmark = pytest.mark.unit

SID, CALL, ACCOUNT = "MZ" + "a" * 32, "CA" + "b" * 32, "AC" + "c" * 32
AUDIO = bytes(range(160))


def media(**changes: Any) -> dict[str, Any]:
    audio = {
        "track": "inbound",
        "chunk": "1",
        "timestamp": "160",
        "payload": base64.b64encode(AUDIO).decode(),
    }
    return {
        "event": "media",
        "sequenceNumber": "3",
        "streamSid": SID,
        "media": {**audio, **changes},
    }


def start(**changes: Any) -> dict[str, Any]:
    inner = {
        "streamSid": SID,
        "accountSid": ACCOUNT,
        "callSid": CALL,
        "tracks": ["inbound"],
        "customParameters": {"token": "t"},
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    return {
        "event": "start",
        "sequenceNumber": "1",
        "streamSid": SID,
        "start": {**inner, **changes},
    }


def media_format(**changes: Any) -> dict[str, Any]:
    good = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    return start(mediaFormat={**good, **changes})


def dtmf(digit: Any) -> dict[str, Any]:
    inner = {"track": "inbound_track", "digit": digit}
    return {"event": "dtmf", "sequenceNumber": "5", "streamSid": SID, "dtmf": inner}


def mark(name: Any) -> dict[str, Any]:
    return {"event": "mark", "sequenceNumber": "4", "streamSid": SID, "mark": {"name": name}}


def stop(**changes: Any) -> dict[str, Any]:
    inner = {"accountSid": ACCOUNT, "callSid": CALL, **changes}
    return {"event": "stop", "sequenceNumber": "5", "streamSid": SID, "stop": inner}


def without(message: dict[str, Any], *path: str) -> dict[str, Any]:
    """Take one key out of a message."""
    copy = json.loads(json.dumps(message))
    *parents, last = path
    holder = copy
    for parent in parents:
        holder = holder[parent]
    del holder[last]
    return dict(copy)


def decode(message: object) -> twilio.TwilioEvent:
    return twilio.decode(json.dumps(message).encode())


def refusal(message: object) -> str:
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    with pytest.raises(WireError) as caught:
        twilio.decode(raw)
    return str(caught.value)


def test_the_documented_messages_become_events() -> None:
    hello = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    assert decode(hello) == twilio.Connected()
    assert decode(media()) == twilio.MediaReceived(SID, AUDIO, 160)
    assert decode(dtmf("#")) == twilio.DigitReceived(SID, "#")
    assert decode(mark("u17#3")) == twilio.MarkEchoed(SID, "u17#3")
    assert decode(stop()) == twilio.Stopped(SID, CALL)
    assert decode(start()) == twilio.Started(SID, CALL, ACCOUNT, {"token": "t"}, ("inbound",))


def test_numbers_may_be_numbers_instead_of_text() -> None:
    assert decode(media(timestamp=160)) == decode(media())
    assert decode(media_format(sampleRate="8000", channels="1")) == decode(start())


def test_an_empty_payload_is_legal() -> None:
    assert decode(media(payload="")) == twilio.MediaReceived(SID, b"", 160)


def test_parameters_and_tracks_may_be_missing() -> None:
    bare = without(without(start(), "start", "customParameters"), "start", "tracks")
    event = decode(bare)
    assert isinstance(event, twilio.Started)
    assert (dict(event.parameters), event.tracks) == ({}, ())


def test_parameters_cannot_be_changed_by_who_reads_them() -> None:
    event = decode(start())
    assert isinstance(event, twilio.Started)
    with pytest.raises(TypeError):
        event.parameters["lang"] = "he"  # type: ignore[index]  # that is the point


def test_our_own_audio_is_ignored() -> None:
    ignored = twilio.Ignored("media of a track other than inbound")
    assert decode(media(track="outbound")) == ignored


@pytest.mark.parametrize(
    "name", ["keepalive", "", "x" * 5000, "\n\0", "שלום" * 20, "\U0001f600" * 9]
)
def test_an_unknown_event_is_ignored_in_one_short_line(name: str) -> None:
    event = decode({"event": name})
    assert isinstance(event, twilio.Ignored)
    assert event.reason.startswith("unknown event '")
    assert event.reason.isprintable()
    assert len(event.reason) <= 60


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (b"", "message: expected JSON, got 0 other bytes"),
        (b'{"event":"media"', "message: expected JSON, got 16 other bytes"),
        (b'{"event":"\xff"}', "message: expected JSON, got 13 other bytes"),
        (b"[" * 60_000, "message: expected JSON, got 60000 other bytes"),
        (b" " * 65_537, "message: expected at most 65536 bytes, got 65537"),
        ([], "message: expected a JSON object"),
        (None, "message: expected a JSON object"),
        ({}, "event: expected text"),
        ({"event": ["media"]}, "event: expected text"),
        ({"event": "media"}, "media: expected an object"),
        ({**media(), "media": "x"}, "media: expected an object"),
        ({**start(), "start": None}, "start: expected an object"),
        (start(mediaFormat=1), "mediaFormat: expected an object"),
        (media(track=None), "media.track: expected text of 1 to 32 characters"),
    ],
)
def test_a_message_of_the_wrong_shape_is_refused(message: object, line: str) -> None:
    assert refusal(message) == line


@pytest.mark.parametrize(
    "payload", [None, 7, ["AA=="], "A", "AA=", "AA==AA==", "A\nAA=", "====", "é===", "AA-_"]
)
def test_a_payload_that_is_not_strict_base64_is_refused(payload: object) -> None:
    assert refusal(media(payload=payload)) == "media.payload: expected base64 text"


@pytest.mark.parametrize(
    "number",
    [None, True, -1, "-1", "+1", " 1", "1_0", "", "x", 1.0, 2**53, str(2**53), "9" * 5000, 2**70],
)
def test_a_number_out_of_bounds_is_refused(number: object) -> None:
    line = "expected a whole number from 0 to 2**53 - 1"
    assert refusal(media(timestamp=number)) == f"media.timestamp: {line}"


@pytest.mark.parametrize("name", [None, 5, "", "x" * 65])
def test_a_name_out_of_bounds_is_refused_wherever_it_stands(name: object) -> None:
    line = "expected text of 1 to 64 characters"
    for message in (media(), start(), dtmf("1"), mark("m"), stop()):
        wrong = {**message, "streamSid": name}
        if message["event"] == "start":
            wrong = without(wrong, "start", "streamSid")
        assert refusal(wrong) == f"streamSid: {line}"
    assert refusal(start(callSid=name)) == f"callSid: {line}"
    assert refusal(start(accountSid=name)) == f"accountSid: {line}"
    assert refusal(stop(callSid=name)) == f"callSid: {line}"


def test_a_start_that_names_two_streams_is_refused() -> None:
    assert refusal(start(streamSid="MZother")).startswith("start.streamSid: expected")


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"encoding": "audio/l16"}, "mediaFormat.encoding: expected audio/x-mulaw"),
        ({"sampleRate": 16000}, "mediaFormat.sampleRate: expected 8000"),
        ({"channels": 2}, "mediaFormat.channels: expected 1"),
    ],
)
def test_other_audio_formats_are_refused(change: dict[str, Any], line: str) -> None:
    assert refusal(media_format(**change)) == line


@pytest.mark.parametrize("digit", [None, 1, "", "12", "E", "a", "٣"])
def test_what_is_no_key_is_refused(digit: object) -> None:
    assert refusal(dtmf(digit)) == "dtmf.digit: expected one of 0-9 * # A-D"


@pytest.mark.parametrize("key", twilio.DIGITS)
def test_every_key_of_the_standard_is_accepted(key: str) -> None:
    assert decode(dtmf(key)) == twilio.DigitReceived(SID, key)


@pytest.mark.parametrize("name", [None, {}, "", "m" * 257])
def test_a_mark_name_out_of_bounds_is_refused(name: object) -> None:
    assert refusal(mark(name)) == "mark.name: expected text of 1 to 256 characters"


@pytest.mark.parametrize(
    "parameters",
    [[], "x", {"a": 1}, {"a": None}, {"a": "v" * 500}, {str(n): "v" for n in range(17)}],
)
def test_parameters_out_of_bounds_are_refused(parameters: object) -> None:
    line = refusal(start(customParameters=parameters))
    assert line.startswith("start.customParameters: expected")


@pytest.mark.parametrize("tracks", ["inbound", ["t"] * 5, [7], [""]])
def test_tracks_out_of_bounds_are_refused(tracks: object) -> None:
    assert refusal(start(tracks=tracks)).startswith("start.tracks: expected")


def test_the_bounds_themselves_are_accepted() -> None:
    parameters = {chr(97 + n): "v" * 499 for n in range(16)}
    decode(start(customParameters=parameters, callSid="c" * 64))
    decode(mark("m" * 256))
    decode(media(timestamp=2**53 - 1))


def test_every_message_written_is_what_the_protocol_shows() -> None:
    encoder = twilio.StreamEncoder(SID)
    payload = base64.b64encode(AUDIO).decode()
    assert orjson.loads(encoder.media(AUDIO)) == {
        "event": "media",
        "streamSid": SID,
        "media": {"payload": payload},
    }
    assert orjson.loads(encoder.clear()) == {"event": "clear", "streamSid": SID}


@given(st.text(min_size=1, max_size=256), st.text(min_size=1, max_size=64))
@settings(derandomize=True)
def test_any_name_survives_the_way_to_the_phone(name: str, stream_sid: str) -> None:
    written = orjson.loads(twilio.StreamEncoder(stream_sid).mark(name))
    assert written == {"event": "mark", "streamSid": stream_sid, "mark": {"name": name}}


@pytest.mark.parametrize("name", ["", "m" * 257])
def test_a_mark_that_could_not_come_back_is_never_written(name: str) -> None:
    with pytest.raises(ValueError, match="mark name: expected 1 to 256 characters"):
        twilio.StreamEncoder(SID).mark(name)


@given(st.binary(max_size=1000))
@settings(derandomize=True)
def test_audio_survives_the_way_there_and_back(payload: bytes) -> None:
    written = orjson.loads(twilio.StreamEncoder(SID).media(payload))
    event = decode(media(payload=written["media"]["payload"]))
    assert event == twilio.MediaReceived(SID, payload, 160)


PRIVATE = "SeCrEt"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
VALID = [media(), start(), dtmf("1"), mark("m"), stop()]


def survives(raw: bytes) -> None:
    """Decode; anything but an event or a short `WireError` fails the test."""
    try:
        event = twilio.decode(raw)
    except WireError as error:
        line = str(error)
        assert len(line) <= 120
        assert line.isprintable()
        assert PRIVATE not in line
    else:
        assert isinstance(event, twilio.TwilioEvent)


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
@settings(derandomize=True)
def test_garbage_never_raises_anything_else(raw: bytes) -> None:
    survives(raw)


def places(message: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """List the path of every key in a message."""
    found = [(*path, key) for key in message]
    for key, value in message.items():
        if isinstance(value, dict):
            found += places(cast("dict[str, Any]", value), (*path, key))
    return found


@given(st.data(), st.sampled_from(VALID), VALUES | st.just(PRIVATE) | st.just([PRIVATE]))
@settings(derandomize=True, max_examples=300)
def test_a_mutated_message_never_raises_anything_else(
    data: st.DataObject, message: dict[str, Any], value: object
) -> None:
    copy = json.loads(json.dumps(message))
    *parents, last = data.draw(st.sampled_from(places(message)))
    holder = copy
    for parent in parents:
        holder = holder[parent]
    if data.draw(st.booleans()):
        holder[last] = value
    else:
        del holder[last]
    survives(json.dumps(copy).encode())


@given(st.data(), st.sampled_from(VALID))
@settings(derandomize=True, max_examples=200)
def test_a_message_with_damaged_bytes_never_raises_anything_else(
    data: st.DataObject, message: dict[str, Any]
) -> None:
    raw = bytearray(json.dumps(message).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    survives(bytes(raw))


@pytest.mark.parametrize("name", ["CA\n\x1b[31mevil", "CA 1", "{name}", "שלום", ""])
def test_a_call_sid_that_could_forge_a_log_line_is_refused(name: str) -> None:
    with pytest.raises(WireError, match="callSid: expected"):
        twilio.decode(orjson.dumps(start(callSid=name)))
