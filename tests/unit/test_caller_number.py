"""The caller's number: what passes for one, what is withheld, and what is nonsense."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.caller_number import MAX_CALLER_CHARS, caller_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("sent", "caller"),
    [
        ("+972501234567", "+972501234567"),
        (" +15550100 ", "+15550100"),
        ("sip:alice@example.com", "sip:alice@example.com"),
        ("sip:alice@example.com:5061;transport=tls", "sip:alice@example.com:5061"),
        ("client:alice_b-1", "client:alice_b-1"),
        ("", ""),
        ("anonymous", ""),
        ("Anonymous", ""),
        ("sip:anonymous@anonymous.invalid", ""),
        ("+266696687", ""),
        ("266696687", ""),
        ("RESTRICTED", ""),
        ("+7378742833", ""),
        ("+8656696", ""),
        ("unavailable", ""),
        ("+1 555 0100", ""),
        ("<Hangup/>", ""),
        ("+1\n555", ""),
        ("+٠١٢", ""),
        ("1" * (MAX_CALLER_CHARS + 1), ""),
    ],
)
def test_a_number_passes_and_what_says_nothing_does_not(sent: str, caller: str) -> None:
    assert caller_of(sent) == caller


@settings(derandomize=True, database=None)
@given(st.text(max_size=200))
def test_whatever_is_sent_nothing_but_plain_characters_comes_through(sent: str) -> None:
    caller = caller_of(sent)
    assert len(caller) <= MAX_CALLER_CHARS
    assert all(char.isascii() and (char.isalnum() or char in "+:@._-") for char in caller)
    assert caller in sent
    assert caller_of(caller) == caller
