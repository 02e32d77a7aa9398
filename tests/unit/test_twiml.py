"""TwiML: what Twilio is told, element by element."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web import twiml
from web.phrases import ENGLISH, HEBREW, phrases_for
from web.twiml import Bases

pytestmark = pytest.mark.unit

BASES = Bases("https://voice.example.com", "wss://voice.example.com")


def parsed(text: str) -> list[ET.Element]:
    root = ET.fromstring(text)  # noqa: S314  # our own XML
    assert root.tag == "Response"
    return list(root)


def test_a_stream_is_connected_with_its_token_and_asks_what_comes_after() -> None:
    (connect,) = parsed(twiml.stream(BASES, {"token": 'to"ken<'}, retry=False))
    (stream,) = connect
    (parameter,) = stream
    assert (connect.tag, connect.attrib) == ("Connect", {"action": "/webhook/after-stream"})
    assert stream.tag == "Stream"
    assert stream.attrib == {
        "url": "wss://voice.example.com/ws/twilio-media",
        "track": "inbound_track",
        "statusCallback": "https://voice.example.com/webhook/stream_status",
        "statusCallbackMethod": "POST",
    }
    assert parameter.attrib == {"name": "token", "value": 'to"ken<'}


def test_the_second_try_is_marked_so_that_there_is_no_third() -> None:
    (connect,) = parsed(twiml.stream(BASES, {"token": "t"}, retry=True))
    assert connect.attrib == {"action": "/webhook/after-stream?retry=1"}
    say, redirect = parsed(twiml.apologise_and_retry(ENGLISH))
    assert (say.tag, say.text) == ("Say", ENGLISH.reconnecting)
    assert (redirect.tag, redirect.text) == ("Redirect", "/webhook/voice?retry=1")
    assert redirect.attrib == {"method": "POST"}


def test_hanging_up_with_and_without_words() -> None:
    assert [element.tag for element in parsed(twiml.hang_up())] == ["Hangup"]
    say, hangup = parsed(twiml.say_and_hang_up(HEBREW.busy, HEBREW))
    assert say.text == HEBREW.busy
    assert say.attrib == {"language": "he-IL", "voice": "Google.he-IL-Standard-A"}
    assert hangup.tag == "Hangup"


def test_a_call_goes_on_with_the_twiml_of_another_address() -> None:
    (redirect,) = parsed(twiml.redirect("https://other.example.com/voice?a=1&b=<2>"))
    assert redirect.text == "https://other.example.com/voice?a=1&b=<2>"
    assert (redirect.tag, redirect.attrib) == ("Redirect", {"method": "POST"})


@pytest.mark.parametrize(
    ("to", "noun"), [("+15550100", "Number"), ("sip:a@b.example", "Sip"), ("sips:a@b", "Sip")]
)
def test_a_transfer_dials_numbers_and_sip_addresses(to: str, noun: str) -> None:
    (dial,) = parsed(twiml.dial(to))
    (target,) = dial
    assert (dial.tag, target.tag, target.text) == ("Dial", noun, to)


@settings(derandomize=True)
@given(st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cn"]), max_size=40))
def test_nothing_in_a_transfer_target_becomes_an_element(to: str) -> None:
    (dial,) = parsed(twiml.dial(to))
    assert len(dial) == 1
    assert not list(dial[0])


def test_phrases_follow_the_dialogues_language() -> None:
    assert phrases_for("he-IL") is phrases_for("iw") is HEBREW
    assert phrases_for("en-GB") is phrases_for("fr-FR") is ENGLISH
