"""Twilio's signature: the official vectors, and everything that is nearly one of them."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.knock import Knock
from web.signature import Fields, Signatures, covers, signed_urls

pytestmark = pytest.mark.unit

PATH, QUERY = "/myapp.php", "foo=1&bar=2"
FORM: Fields = {
    "CallSid": ["CA1234567890ABCDE"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
    "Caller": ["+14158675309"],
}
REPEATED: Fields = {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]}
JSON_BODY = b'{"property": "value", "boolean": true}'
JSON_QUERY = f"{QUERY}&bodySHA256=0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
JSON_SIGNATURE = "a9nBmqA0ju/hNViExpshrM61xv4="
TOKENS = Signatures(["12345"])


def knock(signature: str, query: str = QUERY, **headers: str) -> Knock:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Knock("203.0.113.7", PATH, query, {"x-twilio-signature": signature} | named)


def mac(text: str, key: str = "12345", algorithm: str = "sha1") -> str:
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), algorithm)).decode()


@pytest.mark.parametrize(
    ("scheme", "host", "form", "signature"),
    [
        ("https", "mycompany.com", FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https", "mycompany.com:1234", FORM, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https", "mycompany.com", FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("https", "mycompany.com:443", FORM, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        ("http", "mycompany.com:1234", FORM, "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
        ("http", "mycompany.com:80", FORM, "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        ("https", "mycompany.com", REPEATED, "IK+Dwps556ElfBT0I3Rgjkr1wJU="),
    ],
)
def test_the_official_vectors_match_and_nearly_the_same_does_not(
    scheme: str, host: str, form: Fields, signature: str
) -> None:
    right = knock(signature)
    assert TOKENS.match(scheme, host, right, form)
    assert not TOKENS.match(scheme, host, right, {**form, "Digits": ["1235"]})
    assert not TOKENS.match(scheme, host, right, {**form, "More": [""]})
    assert not TOKENS.match(scheme, f"x{host}", right, form)
    assert not TOKENS.match(scheme, host, knock(signature, query="foo=1&bar=3"), form)
    assert not TOKENS.match(scheme, host, knock(signature[:-2] + "A="), form)
    assert not TOKENS.match(scheme, host, knock(signature[:-1]), form)
    assert not TOKENS.match(scheme, host, knock(f"{signature}, {signature}"), form)
    assert not Signatures(["12346"]).match(scheme, host, right, form)
    assert not Signatures([]).match(scheme, host, right, form)


def test_the_official_vector_of_a_json_body_needs_that_body() -> None:
    right = knock(JSON_SIGNATURE, JSON_QUERY)
    assert TOKENS.match("https", "mycompany.com", right, {})
    assert covers(right, {}, JSON_BODY)
    for other in (b"", JSON_BODY + b" ", JSON_BODY.replace(b"true", b"false")):
        assert not covers(right, {}, other)


def test_a_signed_json_request_cannot_be_sent_again_as_a_form() -> None:
    assert not covers(knock(JSON_SIGNATURE, JSON_QUERY), {}, b"")
    assert not covers(knock(JSON_SIGNATURE, JSON_QUERY), {"CallSid": ["CA1"]}, b"CallSid=CA1")


def test_a_body_that_nothing_vouches_for_is_not_covered() -> None:
    assert not covers(knock("x"), {}, JSON_BODY)
    assert covers(knock("x"), {}, b"")
    assert covers(knock("x"), {"CallSid": ["CA1"]}, b"CallSid=CA1")


def test_two_hashes_a_blank_one_and_too_many_fields_cover_nothing() -> None:
    right = hashlib.sha256(JSON_BODY).hexdigest()
    assert covers(knock("x", f"bodySHA256={right.upper()}"), {}, JSON_BODY)
    for query in (
        f"bodySHA256={right}&bodySHA256={right}",
        "bodySHA256=",
        "bodySHA256=%ff",
        f"bodySHA256={right}" + "&a=1" * 300,
    ):
        assert not covers(knock("x", query), {}, JSON_BODY)


def test_two_auth_tokens_are_valid_while_they_are_rotated() -> None:
    both = Signatures(["new", "12345"])
    for key in ("new", "12345"):
        assert both.match("wss", "h.example", knock(mac(f"wss://h.example{PATH}?{QUERY}", key)), {})
    other = knock(mac(f"wss://h.example{PATH}?{QUERY}", "older"))
    assert not both.match("wss", "h.example", other, {})


SHA256 = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
URL = f"https://h.example{PATH}?{QUERY}"


@pytest.mark.parametrize(
    ("signature", "header", "matches"),
    [
        (mac(URL, "shared", "sha256"), SHA256, True),
        (mac(URL, "shared", "sha256"), "algorithm=hmac_sha256", True),
        (mac(URL, "12345"), "", True),
        (mac(URL, "12345"), "key=k", True),
        (mac(URL, "12345"), "algorithm=HMAC_SHA1", True),
        (mac(URL, "shared", "sha256"), "", False),
        (mac(URL, "12345"), SHA256, False),
        (mac(URL, "12345", "sha256"), SHA256, False),
        (mac(URL, "shared"), "", False),
        (mac(URL, "shared"), "algorithm=HMAC_SHA1", False),
        (mac(URL, "12345", "md5"), "algorithm=HMAC_MD5", False),
        (mac(URL, "12345"), "algorithm=none", False),
    ],
)
def test_each_secret_goes_with_its_own_algorithm(
    signature: str, header: str, *, matches: bool
) -> None:
    both = Signatures(["12345"], "shared")
    attempt = knock(signature, x_twilio_webhooks_signature_settings=header)
    assert both.match("https", "h.example", attempt, {}) is matches


def test_without_a_shared_key_its_algorithm_opens_nothing() -> None:
    for key in ("", "None", "12345"):
        attempt = knock(mac(URL, key, "sha256"), x_twilio_webhooks_signature_settings=SHA256)
        assert not TOKENS.match("https", "h.example", attempt, {})


def test_a_url_is_tried_with_and_without_port_and_last_slash() -> None:
    slashed = Knock("", "/ws/", "a=1", {})
    assert set(signed_urls("wss", "h.example", slashed)) == {
        "wss://h.example/ws/?a=1",
        "wss://h.example/ws?a=1",
        "wss://h.example:443/ws/?a=1",
        "wss://h.example:443/ws?a=1",
    }
    assert "wss://h.example/ws" in set(
        signed_urls("wss", "h.example:8443", Knock("", "/ws", "", {}))
    )


HOSTILE = st.text(max_size=40)


@settings(derandomize=True)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE, st.binary(max_size=40))
def test_no_request_raises_and_none_passes_by_chance(
    path: str, query: str, signature: str, header: str, body: bytes
) -> None:
    headers = {"x-twilio-signature": signature, "x-twilio-webhooks-signature-settings": header}
    attempt = Knock("", path, query, headers)
    assert not Signatures(["12345"], "shared").match("https", "h.example", attempt, {})
    covers(attempt, {}, body)
