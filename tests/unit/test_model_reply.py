"""Replies of a model on a loopback server: what is said, when, and how it ends."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from dialogue.patience import Patience
from dialogue.ports import CallerSaid, ReplyBegan, ReplyDone, ReplyFailed, Say
from tests.support.models import PATIENT, calling
from tests.support.openai_server import (
    DONE,
    ROLE,
    WAIT_S,
    Answer,
    Step,
    call,
    delta,
    finish,
    serving,
    text_answer,
)
from tests.support.web import logged

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

SHORT_S = 0.05


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def outputs_of(*answers: Answer, patience: Patience = PATIENT, **options: Any) -> list[Any]:
    async with serving(*answers) as server, calling(server, patience=patience, **options) as one:
        _, heard = one.say("my SECRET")
        return list(await heard.all())


async def failure_of(*answers: Answer, patience: Patience = PATIENT) -> str:
    with logged() as lines:
        failed = (await outputs_of(*answers, patience=patience))[-1]
    assert isinstance(failed, ReplyFailed)
    assert "SECRET" not in failed.detail + "".join(lines)
    assert "\n" not in failed.detail
    return failed.detail


async def test_an_answer_is_the_first_token_its_sentences_and_the_end() -> None:
    answer = text_answer("Hel", "lo. How ", "are you?", " Fine.")
    said = [Say("Hello."), Say("How are you?"), Say("Fine.")]
    assert await outputs_of(answer) == [ReplyBegan(), *said, ReplyDone()]


async def test_a_sentence_is_said_while_the_rest_is_still_being_written() -> None:
    more = asyncio.Event()
    answer = Answer([delta("One. Two"), more, finish(), DONE])
    async with serving(answer) as server, calling(server) as one:
        _, heard = one.say("a")
        await heard.until(Say)
        assert heard.said == ["One."]
        more.set()
        assert (await heard.all())[-2:] == [Say("Two"), ReplyDone()]


async def test_the_end_does_not_wait_for_the_connection_to_end() -> None:
    answer = Answer([delta("Yes."), finish()], keep_open=True)
    patience = Patience(10 * WAIT_S, 10 * WAIT_S, 10 * WAIT_S)
    async with serving(answer) as server, calling(server, patience=patience) as one:
        assert await one.answered("a") == ["Yes."]
        await asyncio.wait_for(server.gone.wait(), WAIT_S)


async def test_a_server_that_only_says_done_has_finished() -> None:
    assert await outputs_of(Answer([delta("Yes"), DONE])) == [ReplyBegan(), Say("Yes"), ReplyDone()]


async def test_turns_use_one_connection() -> None:
    async with serving(text_answer("One."), text_answer("Two.")) as server:
        async with calling(server) as one:
            await one.dialogue.start()
            await asyncio.wait_for(server.reached.wait(), WAIT_S)
            assert await one.answered("a") == ["One."]
            assert await one.answered("b") == ["Two."]
        assert server.connections == 1


async def test_the_request_says_what_is_set() -> None:
    async with serving(text_answer("Yes.")) as server:
        options: dict[str, Any] = {
            "api_key": "KEY",
            "max_tokens": 77,
            "extra": {"temperature": 0.5},
        }
        async with calling(server, **options) as one:
            await one.answered("a")
        asked = server.asked[0]
        assert (asked["model"], asked["stream"], asked["max_tokens"]) == ("m", True, 77)
        assert asked["temperature"] == 0.5
        assert "tools" not in asked
        assert server.headers[0]["authorization"] == "Bearer KEY"


async def test_thoughts_are_not_said() -> None:
    answer = text_answer("<thi", "nk>He says. SECRET", "</th", "ink>\n\nYes.")
    assert await outputs_of(answer) == [ReplyBegan(), Say("Yes."), ReplyDone()]


async def test_half_a_sentence_at_the_length_limit_is_left_out() -> None:
    answer = text_answer("One. And the sec", reason="length")
    assert (await outputs_of(answer))[1:] == [Say("One."), ReplyDone()]
    assert (await outputs_of(text_answer("And", reason="length")))[1:] == [Say("And"), ReplyDone()]


# --- time limits ----------------------------------------------------------------------


async def test_no_first_token_in_time_is_a_failure() -> None:
    patience = replace(PATIENT, first_s=SHORT_S)
    assert await failure_of(Answer([ROLE], keep_open=True), patience=patience) == (
        "model: no first token in time"
    )
    held = Answer(hold_head=asyncio.Event())
    assert await failure_of(held, patience=patience) == "model: no first token in time"


async def test_a_stall_is_a_failure_behind_what_was_said() -> None:
    answer = Answer([delta("One. Two")], keep_open=True)
    outputs = await outputs_of(answer, patience=replace(PATIENT, stall_s=SHORT_S))
    stalled = ReplyFailed("model: stalled in the middle")
    assert outputs == [ReplyBegan(), Say("One."), stalled]


async def test_the_whole_answer_has_a_limit_however_busy_it_is() -> None:
    answer = Answer([delta("One. Two")], keep_open=True)
    detail = await failure_of(answer, patience=replace(PATIENT, total_s=SHORT_S))
    assert detail == "model: the whole answer took too long"


# --- failures -------------------------------------------------------------------------

BROKEN: list[tuple[list[Step], str]] = [
    ([delta("SECRET")], "the stream ended before the answer did"),
    ([b"data: SECRET\n\n"], "an event that is not JSON"),
    ([b"data: 7\n\n"], "an event that is no JSON object"),
    ([{"choices": ["SECRET"]}], "an event of another shape than a chat completion's"),
    ([{"choices": [{"delta": {"content": ["SECRET"]}}]}], "of another shape"),
    ([{"error": {"message": "SECRET", "code": "overloaded"}}], "reported an error (overloaded)"),
    ([{"error": {"message": "SECRET", "code": "it was SECRET"}}], "an error in its answer"),
    ([b"x" * 300_000], "an event of more than 262144 bytes"),
    ([finish()], "an answer with nothing to say (stop)"),
    ([delta("👍 **"), finish()], "an answer with nothing to say (stop)"),
    ([delta("<think>SECRET"), finish()], "an answer with nothing to say (stop)"),
]


@pytest.mark.parametrize(("steps", "expected"), BROKEN)
async def test_a_broken_answer_is_one_clear_line(steps: list[Step], expected: str) -> None:
    # Twice: what fails before the first token may be asked for again.
    assert expected in await failure_of(Answer(steps), Answer(steps))


@pytest.mark.parametrize("status", [400, 401, 429])
async def test_a_refusal_is_not_repeated(status: int) -> None:
    detail = await failure_of(Answer(status=status), text_answer("No."))
    assert detail.startswith(f"model: HTTP {status} (")


async def test_a_server_error_is_asked_again_once() -> None:
    yes = [ReplyBegan(), Say("Yes."), ReplyDone()]
    assert await outputs_of(Answer(status=503), text_answer("Yes.")) == yes
    assert await outputs_of(Answer(cut=True), text_answer("Yes.")) == yes
    twice = await failure_of(Answer(status=500), Answer(status=500), text_answer("No."))
    assert twice == "model: HTTP 500 (InternalServerError)"


async def test_nothing_is_asked_again_behind_a_first_token() -> None:
    detail = await failure_of(Answer([delta("One")], cut=True), text_answer("No."))
    assert detail == "model: connection lost (RemoteProtocolError)"


async def test_nothing_is_asked_again_when_the_time_is_nearly_up() -> None:
    late = asyncio.Event()
    answers = (Answer(status=503, hold_head=late), text_answer("No."))
    async with serving(*answers) as server:
        patience = replace(PATIENT, first_s=20 * SHORT_S)
        async with calling(server, patience=patience) as one:
            _, heard = one.say("a")
            asyncio.get_running_loop().call_later(12 * SHORT_S, late.set)
            (failed,) = await heard.all()
            assert failed == ReplyFailed("model: HTTP 503 (InternalServerError)")
        assert len(server.asked) == 1


async def test_nobody_listening_is_a_failure() -> None:
    async with serving() as server:
        pass
    async with calling(server) as one:
        _, heard = one.say("a")
        (failed,) = await heard.all()
        assert failed == ReplyFailed("model: connection lost (ConnectError)")
        with logged() as lines:
            model = one.dialogue._parts.model
            await model.start()
            await asyncio.wait_for(model._warming, WAIT_S)  # type: ignore[attr-defined]
        assert "not reached (ConnectError)" in lines[0]


# --- cancelling -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps", [[], [delta("One. Two")], [delta("A"), call("f", "{", "c")]], ids=len
)
async def test_cancelling_closes_the_connection_and_silences_the_sink(steps: list[Step]) -> None:
    held = None if steps else asyncio.Event()
    answer = Answer(steps, keep_open=True, hold_head=held)
    async with serving(answer) as server, calling(server) as one:
        reply, heard = one.say("a")
        await asyncio.wait_for(server.reached.wait(), WAIT_S)
        if steps:
            await heard.until(ReplyBegan)
        before = list(heard.outputs)
        reply.cancel()
        reply.cancel()
        await asyncio.wait_for(server.gone.wait(), WAIT_S)
        assert not one.dialogue._parts.tasks
        assert heard.outputs == before


async def test_cancelling_from_within_the_sink_is_the_last_it_hears() -> None:
    async with serving(text_answer("One. Two. Three.")) as server, calling(server) as one:
        heard: list[object] = []

        def sink(output: object) -> None:
            heard.append(output)
            if output == Say("One."):
                reply.cancel()
                over.set()

        over = asyncio.Event()
        reply = one.brain.respond(CallerSaid("a"), sink)
        await asyncio.wait_for(over.wait(), WAIT_S)
        await asyncio.gather(*one.dialogue._parts.tasks, return_exceptions=True)
        assert heard == [ReplyBegan(), Say("One.")]


async def test_cancelling_at_once_asks_for_nothing() -> None:
    async with serving() as server, calling(server) as one:
        reply, heard = one.say("a")
        reply.cancel()
        assert not server.asked
    assert heard.outputs == []


async def test_closing_the_server_ends_the_replies_under_way() -> None:
    async with serving(Answer(keep_open=True)) as server:
        async with calling(server) as one:
            _, heard = one.say("a")
            await asyncio.wait_for(server.reached.wait(), WAIT_S)
            await one.dialogue.aclose()
            assert heard.outputs == [ReplyFailed("model: the reply was called off")]
        await asyncio.wait_for(server.gone.wait(), WAIT_S)


async def test_what_happened_is_counted() -> None:
    long = text_answer("word " * 2600, "Yes.")
    async with (
        serving(Answer(status=500), long, Answer(status=401)) as server,
        calling(server) as one,
    ):
        await one.answered("a")
        _, heard = one.say("b")
        await heard.all()
        assert one.dialogue.counts() == {
            "done": 1,
            "failed": 1,
            "retries": 1,
            "tool_calls": 0,
            "dropped_chars": 1004,
        }
