"""One-time tokens: once, for one call, for a while, and never many of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.tokens import Tokens

pytestmark = pytest.mark.unit


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def make(max_tokens: int = 4) -> tuple[Tokens, Time]:
    time = Time()
    return Tokens(ttl_s=60, max_tokens=max_tokens, now=time), time


def test_a_token_works_once() -> None:
    tokens, _ = make()
    token = tokens.issue("CA1")
    assert tokens.redeem("CA1", token)
    assert not tokens.redeem("CA1", token)
    assert len(tokens) == 0


def test_a_token_is_of_one_call_only_and_a_wrong_one_burns_nothing() -> None:
    tokens, _ = make()
    token, other = tokens.issue("CA1"), tokens.issue("CA2")
    assert not tokens.redeem("CA1", other)
    assert not tokens.redeem("CA3", token)
    assert not tokens.redeem("CA1", "")
    assert not tokens.redeem("CA3", "")
    assert not tokens.redeem("CA1", "שלום\ud800")
    assert tokens.redeem("CA1", token)


def test_a_token_expires() -> None:
    tokens, time = make()
    token = tokens.issue("CA1")
    time.now += 60
    assert not tokens.redeem("CA1", token)
    assert len(tokens) == 0


def test_a_new_token_of_a_call_replaces_the_old_one() -> None:
    tokens, _ = make()
    old, new = tokens.issue("CA1"), tokens.issue("CA1")
    assert not tokens.redeem("CA1", old)
    assert tokens.redeem("CA1", new)


def test_a_revoked_token_works_no_longer_and_takes_no_room() -> None:
    tokens, _ = make(max_tokens=2)
    kept, revoked = tokens.issue("CA1"), tokens.issue("CA2")
    tokens.revoke("CA2")
    tokens.revoke("CA2")
    assert len(tokens) == 1
    assert not tokens.redeem("CA2", revoked)
    tokens.issue("CA3")
    assert tokens.redeem("CA1", kept)


def test_every_part_of_a_token_is_under_its_mac() -> None:
    tokens, _ = make()
    token = tokens.issue("CA1")
    expiry, nonce, mac = token.split(".")
    other = "E" if mac[-2] == "A" else "A"
    for forged in (
        f"{int(expiry) + 1}.{nonce}.{mac}",
        f"{expiry}.{nonce[:-1]}.{mac}",
        f"{expiry}.{nonce}x.{mac}",
        f"{expiry}.{nonce}.{mac[:-2]}{other}=",
        f"{expiry}.{nonce}.",
        f"{expiry}.{nonce}",
        f"{expiry}.{nonce}.{mac}.",
        f"{expiry}.{nonce}.{mac}" + "x" * 200,
        f"{expiry}..{nonce}.{mac}",
        ".",
        "..",
    ):
        assert not tokens.redeem("CA1", forged)
    assert not tokens.redeem("CA1\n1", token)
    assert tokens.redeem("CA1", token)


def test_a_token_works_only_in_the_process_that_made_it() -> None:
    here, there = make()[0], make()[0]
    token = there.issue("CA1")
    here.issue("CA1")
    assert not here.redeem("CA1", token)
    assert there.redeem("CA1", token)


def test_the_key_of_a_process_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.tokens.secrets.token_urlsafe", lambda _bytes: "nonce")
    here, there = make()[0], make()[0]
    here.issue("CA1")
    assert not here.redeem("CA1", there.issue("CA1"))


def test_a_token_has_room_in_a_parameter_and_no_two_are_alike() -> None:
    tokens, _ = make()
    made = {tokens.issue("CA1") for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(token) < 200 and token.isascii() for token in made)


@settings(derandomize=True)
@given(st.text(max_size=20), st.text(max_size=250))
def test_no_text_is_a_token_by_chance_and_none_raises(call_sid: str, text: str) -> None:
    tokens, _ = make()
    tokens.issue("CA1")
    assert not tokens.redeem(call_sid, text)
    assert not tokens.redeem("CA1", text)


@settings(derandomize=True)
@given(st.lists(st.integers(0, 9), max_size=50))
def test_the_table_is_bounded_and_the_newest_always_work(calls: list[int]) -> None:
    tokens, _ = make(max_tokens=4)
    issued: dict[str, str] = {}
    for number in calls:
        sid = f"CA{number}"
        issued.pop(sid, None)
        issued[sid] = tokens.issue(sid)
        assert len(tokens) <= 4
    for sid in list(issued)[-4:]:
        assert tokens.redeem(sid, issued[sid])
