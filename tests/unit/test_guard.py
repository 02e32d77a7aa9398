"""The guard: closed unless Twilio signed it, or it surely comes from this machine."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.support.call import settings as configured
from web.front import make_guard
from web.guard import Guard, host_name, not_local
from web.knock import Knock, joined_headers

pytestmark = pytest.mark.unit

LOCAL = Knock("127.0.0.1", "/webhook/voice", "", {"host": "localhost:8080"})
OPEN = Guard(auth_token=None, public_host=None)
SIGNED = Guard(auth_token="12345", public_host="example.com")


def knock(peer: str = "127.0.0.1", **headers: str) -> Knock:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Knock(peer, "/", "", {"host": "localhost"} | named)


def signature(url: str, params: str = "") -> str:
    digest = hmac.new(b"12345", (url + params).encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "127.0.0.2:8080", "[::1]:8080"]
)
def test_programs_on_this_machine_come_in(host: str) -> None:
    assert not_local(knock(host=host)) is None
    assert not_local(knock(host=host, origin=f"http://{host}")) is None
    assert not_local(knock(host=host, sec_fetch_site="same-origin")) is None
    assert not_local(knock(host=host, sec_fetch_site="none")) is None  # typed by somebody


@pytest.mark.parametrize(
    ("stranger", "reason"),
    [
        (knock("203.0.113.7"), "remote"),
        (knock(""), "remote"),
        (knock(forwarded="for=203.0.113.7"), "forwarded"),
        (knock(x_forwarded_proto="https"), "forwarded"),
        (knock(x_real_ip="203.0.113.7"), "forwarded"),
        (knock(via="1.1 proxy"), "forwarded"),
        (knock(cf_ray="1"), "forwarded"),
        (knock(ngrok_trace_id="1"), "forwarded"),
        (knock(x_twilio_signature="x"), "forwarded"),
        (knock(i_twilio_idempotency_token="x"), "forwarded"),
        (knock(host="evil.example"), "host"),
        (knock(host="localhost.evil.example"), "host"),
        (knock(host="localhost@evil.example"), "host"),
        (knock(host="localhost/.evil.example"), "host"),
        (knock(host="localhost, localhost"), "host"),
        (knock(host=""), "host"),
        (knock(host="127.0.0.1.evil.example"), "host"),
        (knock(host="128.0.0.1"), "host"),
        (knock(host="0.0.0.0"), "host"),
        (knock(origin="https://evil.example"), "origin"),
        (knock(origin="null"), "origin"),
        (knock(origin="file://localhost"), "origin"),
        (knock(sec_fetch_site="cross-site"), "origin"),
        (knock(sec_fetch_site="same-site"), "origin"),
        (knock(sec_fetch_site="none, none"), "origin"),
        (knock(sec_fetch_site=""), "origin"),
    ],
)
def test_strangers_do_not(stranger: Knock, reason: str) -> None:
    assert not_local(stranger) == reason
    assert OPEN.refuse_request(stranger) == reason
    assert OPEN.refuse_upgrade(stranger) == reason
    assert SIGNED.refuse_operator(stranger) == reason


BEARER = "operators-only-1234"
ADMIN = Guard(auth_token="12345", public_host="example.com", admin_token=BEARER)


@pytest.mark.parametrize("stranger", [knock(), knock("203.0.113.7", x_forwarded_for="1.2.3.4")])
@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (f"Bearer {BEARER}", None),
        (f"bearer {BEARER}", None),
        (f"Bearer  {BEARER} ", None),
        ("", "bearer"),
        (BEARER, "bearer"),
        ("Bearer", "bearer"),
        ("Bearer ", "bearer"),
        (f"Basic {BEARER}", "bearer"),
        (f"Bearer {BEARER[:-1]}", "bearer"),
        (f"Bearer {BEARER}x", "bearer"),
        (f"Bearer {BEARER}, Bearer {BEARER}", "bearer"),
        ("Bearer \u0416\xff", "bearer"),
    ],
)
def test_with_an_admin_token_operators_send_it_wherever_they_are(
    stranger: Knock, authorization: str, reason: str | None
) -> None:
    headers = {**stranger.headers, "authorization": authorization}
    assert ADMIN.refuse_operator(Knock(stranger.peer_host, "/", "", headers)) == reason


def test_an_admin_token_does_not_open_a_server_that_serves_this_machine_alone() -> None:
    guard = Guard(auth_token=None, public_host=None, admin_token=BEARER)
    stranger = knock("203.0.113.7", authorization=f"Bearer {BEARER}")
    assert guard.refuse_request(stranger) == "remote"
    assert guard.refuse_upgrade(stranger) == "remote"
    assert guard.refuse_operator(knock()) == "bearer"


def test_the_settings_admin_token_is_the_guards() -> None:
    guard = make_guard(configured(admin_token=SecretStr(BEARER)))
    assert guard.refuse_operator(knock()) == "bearer"
    assert guard.refuse_operator(knock(authorization=f"Bearer {BEARER}")) is None
    assert make_guard(configured()).refuse_operator(knock()) is None


def test_without_a_host_header_nobody_is_local() -> None:
    assert not_local(Knock("127.0.0.1", "/", "", {})) == "host"


@settings(derandomize=True)
@given(st.text(max_size=40))
def test_no_host_header_raises_and_none_hides_another_name(authority: str) -> None:
    for text in (authority, f"localhost{authority}", f"{authority}localhost"):
        assert text.lower().lstrip("[").startswith(host_name(text).lower())


OFFICIAL_FORM = {
    "CallSid": ["CA1234567890ABCDE"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
    "Caller": ["+14158675309"],
}


def test_twilios_official_vector_passes_and_anything_else_does_not() -> None:
    guard = Guard(auth_token="12345", public_host="mycompany.com")
    right = Knock(
        "203.0.113.7",
        "/myapp.php",
        "foo=1&bar=2",
        {"x-twilio-signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "host": "evil.example"},
    )
    assert guard.refuse_webhook(right, OFFICIAL_FORM) is None
    assert guard.refuse_webhook(right, OFFICIAL_FORM | {"Digits": ["1235"]}) == "signature"
    unsigned = Knock("127.0.0.1", "/myapp.php", "foo=1&bar=2", {"host": "localhost"})
    assert guard.refuse_webhook(unsigned, OFFICIAL_FORM) == "signature"
    assert Guard(auth_token="12346", public_host="mycompany.com").refuse_webhook(
        right, OFFICIAL_FORM
    )


def test_repeated_and_blank_values_are_part_of_the_signature() -> None:
    form = {"Digits": ["5678", "1234"], "Sid": ["CA123"], "SidAccount": ["AC123"], "Name": [""]}
    params = "Digits1234Digits5678NameSidCA123SidAccountAC123"
    headers = {"x-twilio-signature": signature("https://example.com/v", params)}
    assert SIGNED.refuse_webhook(Knock("1.1.1.1", "/v", "", headers), form) is None


@pytest.mark.parametrize(
    ("path", "signed_with", "refused"),
    [
        ("/ws/twilio-media", "WBxAF43rvp6g9F8Szu06yA8pv+8=", None),
        ("/ws/twilio-media/", "WBxAF43rvp6g9F8Szu06yA8pv+8=", None),
        ("/ws/twilio-media", "HGhasagwd+4p7t6z3gsUWpxzbYE=", None),
        ("/ws/twilio-media", "MCykI7J5NoFAYrIcIiF8PkqzADY=", "signature"),
        ("/ws/other", "WBxAF43rvp6g9F8Szu06yA8pv+8=", "signature"),
        ("/ws/twilio-media", "", "signature"),
        ("/ws/twilio-media", "ü", "signature"),
    ],
)
def test_upgrades_are_signed_over_the_wss_url_with_or_without_the_last_slash(
    path: str, signed_with: str, refused: str | None
) -> None:
    attempt = Knock("203.0.113.7", path, "", {"x-twilio-signature": signed_with})
    assert SIGNED.refuse_upgrade(attempt) == refused


def test_a_public_name_with_a_port_is_signed_with_or_without_it() -> None:
    guard = Guard(auth_token="12345", public_host="example.com:8443")
    for url in ("wss://example.com:8443/ws", "wss://example.com/ws"):
        headers = {"x-twilio-signature": signature(url)}
        assert guard.refuse_upgrade(Knock("1.1.1.1", "/ws", "", headers)) is None


def test_with_a_token_requests_come_in_for_their_signature_to_be_checked() -> None:
    assert SIGNED.refuse_request(knock("203.0.113.7", x_forwarded_for="1.2.3.4")) is None
    assert SIGNED.signed
    assert not OPEN.signed
    assert OPEN.refuse_webhook(LOCAL, {}) is None


def test_repeated_headers_satisfy_no_check() -> None:
    twice = [("Host", "localhost"), ("host", "localhost"), ("X-A", "1")]
    headers = joined_headers(twice)
    assert headers == {"host": "localhost, localhost", "x-a": "1"}
    assert not_local(Knock("127.0.0.1", "/", "", headers)) == "host"
