"""Hostile input, a modest number of it: `python -m bench.fuzz` tries many more."""

import json
from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.rx import RxActor
from bench import fuzz_calls, fuzz_codec, fuzz_http
from bench.fuzz_words import MARKER
from media.twilio import WireError

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=8,
)
EVENTS = st.sampled_from(["connected", "start", "media", "dtmf", "mark", "stop", "x"])


def seeded(number: int) -> Random:
    return Random(number)  # noqa: S311  # not for secrets


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@settings(derandomize=True, max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_a_wire_error(data: bytes) -> None:
    fuzz_codec.check(data)


@settings(derandomize=True, max_examples=100)
@given(EVENTS, st.dictionaries(EVENTS | st.just("streamSid"), JSON))
def test_any_json_is_an_event_or_a_wire_error(event: str, body: dict[str, object]) -> None:
    fuzz_codec.check(json.dumps({"event": event, **body}).encode())


def test_spoilt_messages_reach_every_event_and_break_no_promise() -> None:
    became = Counter(fuzz_codec.check(fuzz_codec.message(seeded(n))) for n in range(3000))
    assert len(became) == 9, became
    assert min(became.values()) >= 20, became


def test_a_broken_codec_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def repeats(data: bytes) -> None:
        raise WireError(f"digit: {MARKER}")

    monkeypatch.setattr(fuzz_codec, "decode", repeats)
    with pytest.raises(AssertionError, match="repeats"):
        fuzz_codec.check(b"{}")


async def test_hostile_requests_are_answered_and_give_nothing_away() -> None:
    sites = fuzz_http.sites()
    became = Counter([await sites[n % 3].ask(seeded(n)) for n in range(600)])
    assert {"200", "400", "401", "403", "404", "405"} <= set(became), became


async def test_hostile_bytes_leave_no_connection_and_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sites = fuzz_http.sites()
    became = Counter([await sites[n % 3].connect(seeded(n)) for n in range(400)])
    assert {"101", "200", "400", "403", "404"} <= set(became), became
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("seed", range(12))
def test_a_call_survives_whatever_its_socket_says(seed: int) -> None:
    assert sum(fuzz_calls.run(seed).values()) > 0


def test_a_call_whose_actor_dies_of_input_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:

    def fail(*_: object) -> None:
        raise RuntimeError("fault")

    monkeypatch.setattr(RxActor, "on_receive", fail)
    with pytest.raises(AssertionError, match="crashed"):
        Counter(str(fuzz_calls.run(seed)) for seed in range(5))
