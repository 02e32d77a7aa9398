"""The ladder of Google's models and endpoints: what is tried, in which order, and found how."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import speech.google_probe as probing
from speech.google_config import endpoint_of, multi_region
from speech.google_ladder import Ladder, Rung, rungs_of
from speech.google_options import GoogleOptions, phrase_hints
from speech.google_probe import Probe, resolve
from speech.ports import EngineError, StreamEnded

pytestmark = pytest.mark.unit

REFUSED = StreamEnded("INVALID_ARGUMENT", "The model is currently not supported for language")
DOWN = StreamEnded("UNAVAILABLE", "no route")
FINE = StreamEnded("OK")
TOP_DOWN = [Rung("v1", model, place, "", "he-IL") for place in "ab" for model in ("1", "2")]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def models_at(options: GoogleOptions) -> list[tuple[str, str]]:
    return [(rung.model, rung.endpoint.partition("-speech")[0]) for rung in rungs_of(options)]


def test_v1_tries_all_models_near_by_and_then_globally() -> None:
    four = ["phone_call", "telephony", "default", "command_and_search"]
    near = GoogleOptions(region="europe-west1")
    assert models_at(near) == [
        (model, place) for place in ("eu", "speech.googleapis.com") for model in four
    ]
    assert models_at(GoogleOptions()) == [(model, "speech.googleapis.com") for model in four]
    assert {rung.language for rung in rungs_of(GoogleOptions("iw"))} == {"he-IL"}


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("europe-west1", "eu"),
        ("eu", "eu"),
        ("us-central1", "us"),
        ("us", "us"),
        ("asia-south1", None),
        ("", None),
        ("australia", None),
    ],
)
def test_a_region_has_a_documented_multi_region_or_none(region: str, expected: str | None) -> None:
    assert multi_region(region) == expected


def test_v2_tries_each_location_with_its_own_endpoint_and_both_codes_of_hebrew() -> None:
    rungs = rungs_of(GoogleOptions(api="v2", region="europe-west4", models=("chirp_3",)))
    places = [rung.location for rung in rungs if rung.language == "iw-IL"]
    assert places == ["europe-west4", "eu", "us", "global"]
    assert [rung.language for rung in rungs[:2]] == ["iw-IL", "he-IL"]
    assert all(rung.endpoint == endpoint_of(rung.location) for rung in rungs)
    assert rungs[-1].endpoint == "speech.googleapis.com"
    english = rungs_of(GoogleOptions("en-US", api="v2", region="europe-west1"))
    assert [(rung.model, rung.location) for rung in english[:3]] == [
        ("chirp_3", "eu"),
        ("chirp_3", "us"),
        ("chirp_3", "global"),
    ]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_an_emulator_is_the_only_endpoint(api: str) -> None:
    options = GoogleOptions(
        "en-US",
        api="v2" if api == "v2" else "v1",
        region="eu",
        models=("a", "b", "a"),
        emulator_host="127.0.0.1:1",
    )
    assert [(r.model, r.endpoint) for r in rungs_of(options)] == [
        ("a", "127.0.0.1:1"),
        ("b", "127.0.0.1:1"),
    ]


def test_a_rung_is_refused_once_and_the_next_is_in_use() -> None:
    ladder = Ladder(tuple(TOP_DOWN[:2]))
    assert ladder.refuse(TOP_DOWN[0])
    assert not ladder.refuse(TOP_DOWN[0])
    assert ladder.current == TOP_DOWN[1]
    assert ladder.refuse(TOP_DOWN[1])
    assert ladder.current is None
    with pytest.raises(ValueError, match="rungs"):
        Ladder(())


def probe_that_answers(tried: list[Rung], answers: list[StreamEnded]) -> Probe:
    async def probe(rung: Rung) -> StreamEnded:
        tried.append(rung)
        return answers[len(tried) - 1]

    return probe


@pytest.mark.anyio
async def test_the_first_rung_that_answers_is_chosen() -> None:
    ladder, tried = Ladder(tuple(TOP_DOWN)), list[Rung]()
    assert await resolve(ladder, probe_that_answers(tried, [REFUSED, FINE])) is None
    assert tried == TOP_DOWN[:2]
    assert ladder.left == tuple(TOP_DOWN[1:])


@pytest.mark.anyio
async def test_an_endpoint_out_of_reach_is_passed_over_and_kept_for_later() -> None:
    ladder, tried = Ladder(tuple(TOP_DOWN)), list[Rung]()
    assert await resolve(ladder, probe_that_answers(tried, [DOWN, FINE])) is None
    assert tried == [TOP_DOWN[0], TOP_DOWN[2]]
    assert ladder.current == TOP_DOWN[2]
    assert set(ladder.left) == set(TOP_DOWN)


@pytest.mark.anyio
async def test_without_a_network_the_first_rung_is_used_and_the_trouble_told() -> None:
    ladder = Ladder(tuple(TOP_DOWN))
    told = await resolve(ladder, probe_that_answers([], [DOWN, DOWN]))
    assert told == "UNAVAILABLE: no route"
    assert ladder.current == TOP_DOWN[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("ended", "line"),
    [
        (StreamEnded("UNAUTHENTICATED", "who?"), "credentials refused: UNAUTHENTICATED: who"),
        (StreamEnded("PERMISSION_DENIED"), "credentials refused: PERMISSION_DENIED"),
        (StreamEnded("UNAVAILABLE", "('invalid_grant: gone')"), "credentials refused"),
        (StreamEnded("UNIMPLEMENTED", "what?"), "v1 model 1 at a .he-IL.: UNIMPLEMENTED: what"),
    ],
)
async def test_what_will_not_heal_refuses_the_start(ended: StreamEnded, line: str) -> None:
    with pytest.raises(EngineError, match=line) as refused:
        await resolve(Ladder(tuple(TOP_DOWN)), probe_that_answers([], [ended]))
    assert "\n" not in str(refused.value)


@pytest.mark.anyio
async def test_every_rung_refused_refuses_the_start() -> None:
    with pytest.raises(EngineError, match="every model and endpoint was refused"):
        await resolve(Ladder(tuple(TOP_DOWN)), probe_that_answers([], [REFUSED] * 4))


@pytest.mark.anyio
@pytest.mark.parametrize("bound", ["PROBE_TIMEOUT_S", "PROBES_TIMEOUT_S"])
async def test_a_probe_without_an_answer_has_its_time(
    bound: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, bound, 0.01)
    ladder = Ladder(tuple(TOP_DOWN))
    probe: Callable[[Rung], Awaitable[StreamEnded]] = lambda _rung: asyncio.Future[StreamEnded]()  # noqa: E731
    told = await resolve(ladder, probe)
    assert told is not None
    assert "no answer within" in told
    assert ladder.current == TOP_DOWN[0]


def test_hints_are_bounded_and_each_is_sent_once() -> None:
    assert phrase_hints(["a", " b ", "", "x" * 101], ["a", "c"]) == ("a", "b", "c")
    assert len(phrase_hints(map(str, range(1000)))) == 500
