"""Google's voice against a server with Google's own types on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from speech.google_speaking import FIRST_REQUEST_BYTES
from speech.google_synthesizer import GoogleSynthesizer
from speech.google_tts_options import GoogleTtsOptions
from speech.ports import EngineError, SynthesisDone, SynthesisFailed
from speech.tone import tone
from tests.support.google_tts_server import Asked, Plan, SpeakingServicer, serving
from tests.support.listening import Listener
from tests.support.wav import chunk, wav

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

CHIRP = "he-IL-Chirp3-HD-Aoede"
WAVENET = "he-IL-Wavenet-A"
BY_REQUEST = GoogleTtsOptions(voice=WAVENET)
NIQQUD_AND_MARKS = "\u200fשָׁלוֹם, אֲנִי «דָּנָה»\u200f׃ 10:30?"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop(anyio_backend: str) -> None:
    """All tests on one event loop: what gRPC has left of a cancelled call comes back late."""


@pytest.fixture
def servicer() -> SpeakingServicer:
    return SpeakingServicer()


@asynccontextmanager
async def speaking(
    servicer: SpeakingServicer, options: GoogleTtsOptions | None = None
) -> AsyncIterator[GoogleSynthesizer]:
    async with serving(servicer) as host:
        options = replace(options or GoogleTtsOptions(), emulator_host=host)
        engine = GoogleSynthesizer("he-IL", options)
        try:
            await engine.start()
            yield engine
        finally:
            await engine.aclose()


async def spoken(engine: GoogleSynthesizer, text: str) -> Listener:
    listener = Listener()
    engine.synthesize(text, listener)
    await listener.last()
    return listener


# --- what is said ---------------------------------------------------------------------


async def test_a_voice_that_streams_is_asked_by_stream(servicer: SpeakingServicer) -> None:
    async with speaking(servicer) as engine:
        listener = await spoken(engine, "שלום")
        assert listener.events[-1] == SynthesisDone()
        assert listener.audio == tone("שלום")
        assert servicer.asked == [Asked("stream", ("שלום",), CHIRP, "he-IL")]
        assert engine.about.endswith(f"voice {CHIRP}, by stream")


async def test_another_voice_is_asked_by_request_and_its_header_is_no_audio(
    servicer: SpeakingServicer,
) -> None:
    async with speaking(servicer, BY_REQUEST) as engine:
        listener = await spoken(engine, "שלום")
        assert listener.audio == tone("שלום")
        telephone = ("telephony-class-application",)
        assert servicer.asked == [Asked("request", ("שלום",), WAVENET, "he-IL", telephone)]


async def test_odd_headers_are_read_not_counted(servicer: SpeakingServicer) -> None:
    listed = wav(b"x" * 1000, before=chunk(b"LIST", b"INFOISFT odd"), size=0xFFFFFFFF)
    servicer.plans += [Plan(audio=[listed]), Plan(audio=[b"RIFF\0\0\0\0AVI "])]
    async with speaking(servicer, BY_REQUEST) as engine:
        assert (await spoken(engine, "one")).audio == b"x" * 1000
        failed = (await spoken(engine, "two")).events
        assert failed == [SynthesisFailed("DATA_LOSS: RIFF: not a WAVE form, expected a WAV file")]


async def test_a_stream_with_a_header_is_read_as_well(servicer: SpeakingServicer) -> None:
    file = wav(b"x" * 1000)
    servicer.plans.append(Plan(audio=[file[:7], file[7:50], file[50:]]))
    async with speaking(servicer) as engine:
        assert (await spoken(engine, "one")).audio == b"x" * 1000


async def test_a_stream_that_ends_within_its_header_is_a_failure(
    servicer: SpeakingServicer,
) -> None:
    servicer.plans.append(Plan(audio=[wav(b"")[:20]]))
    async with speaking(servicer) as engine:
        (failed,) = (await spoken(engine, "one")).events
    expected = "DATA_LOSS: WAV: ends after 8 bytes, expected a data chunk"
    assert failed == SynthesisFailed(expected)


@pytest.mark.parametrize("voice", [CHIRP, WAVENET])
async def test_points_and_direction_marks_pass_unchanged(
    voice: str, servicer: SpeakingServicer
) -> None:
    async with speaking(servicer, GoogleTtsOptions(voice=voice)) as engine:
        assert (await spoken(engine, NIQQUD_AND_MARKS)).events[-1] == SynthesisDone()
    assert [asked.texts for asked in servicer.asked] == [(NIQQUD_AND_MARKS,)]


@pytest.mark.parametrize("voice", [CHIRP, WAVENET])
async def test_a_long_text_is_asked_for_in_parts_and_heard_as_one(
    voice: str, servicer: SpeakingServicer
) -> None:
    text = "שלום עולם. " * 300
    async with speaking(servicer, GoogleTtsOptions(voice=voice)) as engine:
        listener = await spoken(engine, text)
    assert listener.audio == tone(text)
    assert "".join(part for asked in servicer.asked for part in asked.texts) == text
    assert len(servicer.asked) == (1 if voice == CHIRP else 2)
    assert voice == CHIRP or len(servicer.asked[0].texts[0].encode()) <= FIRST_REQUEST_BYTES


@pytest.mark.parametrize("voice", [CHIRP, WAVENET])
async def test_parts_of_blanks_are_not_asked_for(voice: str, servicer: SpeakingServicer) -> None:
    async with speaking(servicer, GoogleTtsOptions(voice=voice)) as engine:
        listener = await spoken(engine, "One." + " " * 12_000 + "Two.")
    assert listener.events[-1] == SynthesisDone()


async def test_no_chunk_but_the_last_is_shorter_than_100_ms(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(audio=[b"a" * 300] * 7))
    async with speaking(servicer) as engine:
        listener = await spoken(engine, "one")
    assert [len(audio) for audio in listener.chunks] == [900, 900, 300]


async def test_nothing_to_say_asks_nothing(servicer: SpeakingServicer) -> None:
    async with speaking(servicer) as engine:
        assert (await spoken(engine, " \n")).events == [SynthesisDone()]
    assert not servicer.asked


async def test_half_a_surrogate_pair_is_spoken_around(servicer: SpeakingServicer) -> None:
    async with speaking(servicer) as engine:
        assert (await spoken(engine, "one \ud83d two")).events[-1] == SynthesisDone()
    assert servicer.asked[0].texts == ("one ? two",)


# --- what fails -----------------------------------------------------------------------


async def test_a_failure_says_the_status_and_never_the_text(servicer: SpeakingServicer) -> None:
    detail = 'Sentence starting with: "my secret wish" is too long, דנה, secret.'
    servicer.plans.append(Plan(status="RESOURCE_EXHAUSTED", detail=detail))
    async with speaking(servicer, BY_REQUEST) as engine:
        (failed,) = (await spoken(engine, "my secret wish דנה")).events
    expected = "RESOURCE_EXHAUSTED: Sentence starting with: … is too long, …, …."
    assert failed == SynthesisFailed(expected)


async def test_failure_amid_the_audio_comes_behind_it_and_is_not_retried(
    servicer: SpeakingServicer,
) -> None:
    servicer.plans.append(Plan(status="UNAVAILABLE", audio=[b"a" * 1000]))
    async with speaking(servicer) as engine:
        listener = await spoken(engine, "one")
    assert listener.audio == b"a" * 1000
    assert listener.events[-1] == SynthesisFailed("UNAVAILABLE")
    assert len(servicer.asked) == 1


async def test_audio_that_never_comes_is_a_failure(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(audio=[]))
    async with speaking(servicer) as engine:
        events = (await spoken(engine, "one")).events
    assert events == [SynthesisFailed("OK: ended without any audio")]


@pytest.mark.parametrize("voice", [CHIRP, WAVENET])
async def test_first_audio_that_is_late_ends_the_call(
    voice: str, servicer: SpeakingServicer
) -> None:
    servicer.plans.append(Plan(hold=asyncio.Event()))
    options = GoogleTtsOptions(voice=voice, first_audio_s=0.05)
    async with speaking(servicer, options) as engine:
        events = (await spoken(engine, "one")).events
        await servicer.until(under_way=0, cancelled=1)
    assert events == [SynthesisFailed("DEADLINE_EXCEEDED: no audio within 0.05 s")]


async def test_audio_that_stalls_ends_with_the_whole_time(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(early=[b"a" * 1000], hold=asyncio.Event()))
    options = GoogleTtsOptions(first_audio_s=5.0, whole_s=0.2)
    async with speaking(servicer, options) as engine:
        listener = await spoken(engine, "one")
        await servicer.until(under_way=0)
    assert listener.audio == b"a" * 1000
    assert isinstance(listener.events[-1], SynthesisFailed)
    assert listener.events[-1].detail.startswith("DEADLINE_EXCEEDED")


async def test_an_unavailable_request_is_sent_once_more(servicer: SpeakingServicer) -> None:
    servicer.plans += [Plan(status="UNAVAILABLE"), Plan()]
    async with speaking(servicer, BY_REQUEST) as engine:
        assert (await spoken(engine, "one")).audio == tone("one")
        assert engine.counts()["retries"] == 1


async def test_and_only_once_and_only_that(servicer: SpeakingServicer) -> None:
    servicer.plans += [Plan(status="UNAVAILABLE", detail="down")] * 2 + [Plan(status="INTERNAL")]
    async with speaking(servicer, BY_REQUEST) as engine:
        assert (await spoken(engine, "one")).events == [SynthesisFailed("UNAVAILABLE: down")]
        assert (await spoken(engine, "two")).events == [SynthesisFailed("INTERNAL")]
    assert len(servicer.asked) == 3


async def test_a_part_behind_audio_is_not_sent_again(servicer: SpeakingServicer) -> None:
    servicer.plans += [Plan(), Plan(status="UNAVAILABLE")]
    async with speaking(servicer, BY_REQUEST) as engine:
        listener = await spoken(engine, "one. " * 1100)
    assert listener.audio
    assert listener.events[-1] == SynthesisFailed("UNAVAILABLE")
    assert len(servicer.asked) == 2


# --- streams refused ------------------------------------------------------------------


async def test_a_refusal_behind_audio_is_not_asked_for_again(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(status="INVALID_ARGUMENT", audio=[b"a" * 1000]))
    async with speaking(servicer) as engine:
        listener = await spoken(engine, "one")
    assert listener.audio == b"a" * 1000
    assert listener.events[-1] == SynthesisFailed("INVALID_ARGUMENT")
    assert len(servicer.asked) == 1


@pytest.mark.parametrize("status", ["INVALID_ARGUMENT", "UNIMPLEMENTED"])
async def test_refused_streams_become_requests_for_good(
    status: str, servicer: SpeakingServicer
) -> None:
    servicer.plan_for_streams = Plan(status=status, detail="no streams here")
    async with speaking(servicer) as engine:
        listeners = await asyncio.gather(*(spoken(engine, f"text {n}") for n in range(4)))
        assert [heard.audio for heard in listeners] == [tone(f"text {n}") for n in range(4)]
        before = engine.counts()["streams"]
        assert (await spoken(engine, "later")).audio == tone("later")
        assert engine.counts()["streams"] == before <= 4
        assert engine.about.endswith("by request")


async def test_a_text_refused_both_ways_does_not_end_streaming(servicer: SpeakingServicer) -> None:
    servicer.plans += [Plan(status="INVALID_ARGUMENT"), Plan(status="INVALID_ARGUMENT")]
    async with speaking(servicer) as engine:
        assert (await spoken(engine, "one")).events == [SynthesisFailed("INVALID_ARGUMENT")]
        assert (await spoken(engine, "two")).audio == tone("two")
    assert [asked.by for asked in servicer.asked] == ["stream", "request", "stream"]


# --- called off, bounded, closed ------------------------------------------------------


@pytest.mark.parametrize("voice", [CHIRP, WAVENET])
async def test_cancelling_cancels_the_call_and_nothing_more_is_heard(
    voice: str, servicer: SpeakingServicer
) -> None:
    servicer.plans.append(Plan(hold=asyncio.Event()))
    listener = Listener()
    async with speaking(servicer, GoogleTtsOptions(voice=voice)) as engine:
        request = engine.synthesize("one", listener)
        await servicer.until(under_way=1)
        request.cancel()
        request.cancel()
        await servicer.until(under_way=0, cancelled=1)
    assert not listener.events


async def test_cancelling_from_within_the_sink_ends_the_stream(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(early=[b"a" * 1000], hold=asyncio.Event()))
    events: list[object] = []
    async with speaking(servicer) as engine:

        def listen(event: object) -> None:
            events.append(event)
            request.cancel()

        request = engine.synthesize("one", listen)
        await servicer.until(under_way=1)
        await servicer.until(under_way=0, cancelled=1)
    assert len(events) == 1


async def test_so_many_at_once_so_many_in_line_and_no_more(servicer: SpeakingServicer) -> None:
    hold = asyncio.Event()
    servicer.plans += [Plan(hold=hold)] * 5
    options = replace(BY_REQUEST, at_once=2, waiting_max=3)
    async with speaking(servicer, options) as engine:
        listeners = [Listener() for _ in range(6)]
        requests = [engine.synthesize(f"text {n}", heard) for n, heard in enumerate(listeners)]
        assert listeners[5].events == [
            SynthesisFailed("RESOURCE_EXHAUSTED: too many texts wait for Google's voice")
        ]
        requests[2].cancel()
        await servicer.until(under_way=2)
        hold.set()
        for listener in (*listeners[:2], *listeners[3:5]):
            assert await listener.last() == SynthesisDone()
        assert engine.counts()["turned_away"] == 1
    assert servicer.most_under_way == 2
    assert [asked.texts[0] for asked in servicer.asked[2:]] == ["text 3", "text 4"]
    assert not listeners[2].events


async def test_waiting_in_line_counts_for_the_first_audio(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(hold=asyncio.Event()))
    async with speaking(servicer, replace(BY_REQUEST, at_once=1, first_audio_s=0.1)) as engine:
        first, second = Listener(), Listener()
        engine.synthesize("one", first)
        engine.synthesize("two", second)
        late = SynthesisFailed("DEADLINE_EXCEEDED: no audio within 0.1 s")
        assert await first.last() == late
        assert await second.last() == late


async def test_closing_fails_what_is_under_way_and_what_waits(servicer: SpeakingServicer) -> None:
    servicer.plans.append(Plan(hold=asyncio.Event()))
    first, second, third = Listener(), Listener(), Listener()
    async with speaking(servicer, replace(BY_REQUEST, at_once=1)) as engine:
        engine.synthesize("one", first)
        engine.synthesize("two", second)
        await servicer.until(under_way=1)
        await engine.aclose()
        await engine.aclose()
        engine.synthesize("three", third)
        assert len(third.events) == 1
    assert len(servicer.asked) == 1
    assert first.events == second.events == [SynthesisFailed("CANCELLED: closed")]
    assert isinstance(third.events[0], SynthesisFailed)


# --- the voice ------------------------------------------------------------------------


async def test_an_unknown_voice_names_those_there_are(servicer: SpeakingServicer) -> None:
    with pytest.raises(EngineError) as unknown:
        async with speaking(servicer, GoogleTtsOptions(voice="he-IL-Neural2-A")):
            pass
    line = str(unknown.value)
    expected = "TTS_VOICE='he-IL-Neural2-A': unknown for he-IL; expected one of: he-IL-Chirp3-HD-A"
    assert line.startswith(expected)
    assert "en-US" not in line


async def test_refused_credentials_are_one_line(servicer: SpeakingServicer) -> None:
    servicer.list_plans.append(Plan(status="PERMISSION_DENIED", detail="API\nnot enabled"))
    with pytest.raises(EngineError, match=r"refused \(PERMISSION_DENIED: API not enabled\)"):
        async with speaking(servicer):
            pass


async def test_without_google_it_starts_and_asks_for_the_voice_later(
    servicer: SpeakingServicer,
) -> None:
    servicer.list_plans += [Plan(status="UNAVAILABLE")] * 2
    async with speaking(servicer) as engine:
        assert not engine.voice
        assert (await spoken(engine, "one")).events == [SynthesisFailed("UNAVAILABLE")]
        listeners = await asyncio.gather(*(spoken(engine, "two") for _ in range(3)))
        assert [heard.audio for heard in listeners] == [tone("two")] * 3
        assert engine.voice == CHIRP
    assert servicer.lists == 3


async def test_without_google_a_named_voice_is_taken_at_its_word(
    servicer: SpeakingServicer,
) -> None:
    servicer.list_plans.append(Plan(status="UNAVAILABLE"))
    async with speaking(servicer, BY_REQUEST) as engine:
        assert engine.voice == WAVENET
        assert (await spoken(engine, "one")).audio == tone("one")
    assert servicer.asked[0].language == "he-IL"


async def test_a_list_that_never_comes_does_not_hold_up_the_start(
    servicer: SpeakingServicer,
) -> None:
    servicer.list_plans.append(Plan(hold=asyncio.Event()))
    async with speaking(servicer, GoogleTtsOptions(voices_s=0.05)) as engine:
        assert not engine.voice


async def test_it_speaks_again_as_soon_as_google_is_back(servicer: SpeakingServicer) -> None:
    async with serving(servicer) as host:
        engine = GoogleSynthesizer("he-IL", GoogleTtsOptions(emulator_host=host))
        await engine.start()
        assert (await spoken(engine, "one")).audio == tone("one")
    assert isinstance((await spoken(engine, "two")).events[-1], SynthesisFailed)
    async with serving(servicer, int(host.rpartition(":")[2])):
        async with asyncio.timeout(5):
            while (await spoken(engine, "three")).events[-1] != SynthesisDone():
                pass
        await engine.aclose()
