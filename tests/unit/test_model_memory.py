"""What a model is told: of the conversation, of keys, of tools it called before."""

import asyncio
from typing import Any

import pytest

from dialogue.model_memory import CALL_BEGAN, EARLIER, MAX_ASIDES, ModelMemory
from dialogue.ports import (
    CallBegan,
    CallerEntered,
    CallerPressed,
    CallerSaid,
    CallerSilent,
    EndCall,
    RecognitionLost,
    ReplyBegan,
    ReplyDone,
    Say,
    TransferCall,
)
from dialogue.tools import tool
from tests.support.models import ModelCall, Said, calling
from tests.support.openai_server import WAIT_S, Answer, call, finish, serving, text_answer

pytestmark = [pytest.mark.unit, pytest.mark.anyio]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def agent(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def memory_of(*lines: Said, max_chars: int = 1000) -> ModelMemory:
    return ModelMemory(lines, "PROMPT", max_chars)


def told(memory: ModelMemory) -> list[dict[str, Any]]:
    prompt, *rest = memory.messages()
    assert prompt == {"role": "system", "content": "PROMPT"}
    return rest


# --- the conversation -----------------------------------------------------------------


def test_lines_take_turns_and_the_caller_begins() -> None:
    lines = [Said("agent", "Hi."), Said("caller", "a"), Said("caller", "b"), Said("agent", "c")]
    assert told(memory_of(*lines)) == [user(CALL_BEGAN), agent("Hi."), user("a\nb"), agent("c")]


def test_the_oldest_lines_are_left_out_and_that_is_said() -> None:
    lines = [Said("caller", "aaaa"), Said("agent", "bbbb"), Said("caller", "cccc")]
    assert told(memory_of(*lines, max_chars=12)) == [user("aaaa"), agent("bbbb"), user("cccc")]
    assert told(memory_of(*lines, max_chars=11)) == [user(EARLIER), agent("bbbb"), user("cccc")]
    assert told(memory_of(*lines, max_chars=1)) == [user("cccc")]


def test_keys_stand_where_they_were_pressed() -> None:
    history = [Said("agent", "Hi.")]
    memory = ModelMemory(history, "PROMPT", 1000)
    memory.note("[1]")
    history += [Said("agent", "One."), Said("caller", "a")]
    memory.note("[2]")
    history.append(Said("agent", "Two."))
    assert told(memory) == [
        *(user(CALL_BEGAN), agent("Hi."), user("[1]"), agent("One.")),
        *(user("a\n[2]"), agent("Two.")),
    ]


def test_keys_before_any_word_are_not_lost() -> None:
    history: list[Said] = []
    memory = ModelMemory(history, "PROMPT", 1000)
    memory.note("[1]")
    history.append(Said("agent", "Hi."))
    assert told(memory) == [user("[1]"), agent("Hi.")]


def test_what_is_remembered_beside_the_lines_is_bounded() -> None:
    memory = memory_of()
    for number in range(MAX_ASIDES + 5):
        memory.note(str(number))
    assert told(memory)[0]["content"].split("\n") == list(map(str, range(5, MAX_ASIDES + 5)))


def test_what_belongs_to_a_forgotten_line_is_forgotten() -> None:
    history = [Said("caller", "a")]
    memory = ModelMemory(history, "PROMPT", 1000)
    memory.note("[1]")
    history[:] = [Said("caller", "a")]  # Another line, though of the same words.
    assert told(memory) == [user("a")]


# --- what the brain tells -------------------------------------------------------------


async def test_the_callers_words_are_sent_once() -> None:
    async with serving(text_answer("Yes."), text_answer("No.")) as server:
        async with calling(server) as one:
            one.history.append(Said("agent", "Welcome."))
            await one.answered("first")
            await one.answered("second")
            assert one.sent == [
                *(user(CALL_BEGAN), agent("Welcome."), user("first")),
                *(agent("Yes."), user("second")),
            ]
        assert server.asked[0]["messages"][0] == {"role": "system", "content": "PROMPT"}


async def test_only_what_was_heard_of_an_answer_is_told() -> None:
    async with (
        serving(text_answer("One. Two."), text_answer("Yes.")) as server,
        calling(server) as one,
    ):
        await one.answered("a")
        one.history[-1].text = "One."
        await one.answered("b")
        assert one.sent == [user("a"), agent("One."), user("b")]


async def test_words_that_the_history_lacks_are_told_all_the_same() -> None:
    async with serving(text_answer("Yes.")) as server, calling(server) as one:
        _, heard = one.tell(CallerSaid("a"))
        await heard.all()
        assert one.sent == [user("a")]


async def test_a_revised_utterance_is_told_as_it_is_now() -> None:
    async with (
        serving(Answer(keep_open=True), text_answer("Yes.")) as server,
        calling(server) as one,
    ):
        reply, _ = one.say("I want")
        await asyncio.wait_for(server.reached.wait(), WAIT_S)
        reply.cancel()
        one.history[-1].text = "I want it"
        _, heard = one.tell(CallerSaid("I want it", revises=True))
        await heard.all()
        assert one.sent == [user("I want it")]


@tool
def book(day: str) -> str:
    """Book a table."""
    return f"booked {day}"


def called(arguments: str) -> dict[str, Any]:
    function = {"name": "book", "arguments": arguments}
    asked = {"id": "c1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [asked]}


def result(text: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": "c1", "content": text}


MONDAY = '{"day": "Monday"}'
BOOKS = Answer([call("book", MONDAY), finish("tool_calls")])


async def test_tools_are_remembered_where_they_were_called() -> None:
    async with (
        serving(BOOKS, text_answer("Done."), text_answer("Yes.")) as server,
        calling(server, [book]) as one,
    ):
        await one.answered("Monday")
        assert server.asked[1]["messages"][1:] == [
            *(user("Monday"), called(MONDAY), result("booked Monday"))
        ]
        await one.answered("sure?")
        assert one.sent == [
            *(user("Monday"), called(MONDAY), result("booked Monday")),
            *(agent("Done."), user("sure?")),
        ]


async def test_what_was_done_for_words_that_are_revised_stays_done() -> None:
    async with (
        serving(BOOKS, Answer(keep_open=True), text_answer("Yes.")) as server,
        calling(server, [book]) as one,
    ):
        reply, _ = one.say("Monday")
        async with asyncio.timeout(WAIT_S):
            while len(server.asked) < 2:
                server.reached.clear()
                await server.reached.wait()
        reply.cancel()
        one.history[-1].text = "Monday at ten"
        _, heard = one.tell(CallerSaid("Monday at ten", revises=True))
        await heard.all()
        assert one.sent == [
            *(user("Monday"), called(MONDAY), result("booked Monday")),
            user("Monday at ten"),
        ]


async def test_a_tool_that_is_interrupted_may_have_been_done() -> None:
    began = asyncio.Event()

    @tool(timeout_s=WAIT_S)
    async def book(day: str) -> str:
        """Book a table."""
        began.set()
        await asyncio.Event().wait()
        return ""

    async with serving(BOOKS, text_answer("Yes.")) as server, calling(server, [book]) as one:
        reply, _ = one.say("Monday")
        await asyncio.wait_for(began.wait(), WAIT_S)
        reply.cancel()
        await one.answered("wait")
        assert one.sent[1] == called(MONDAY)
        assert "interrupted" in one.sent[2]["content"]


# --- who answers what -----------------------------------------------------------------


async def scripted(one: ModelCall, *events: Any) -> list[Any]:
    outputs: list[Any] = []
    for event in events:
        _, heard = one.tell(event)
        assert heard.outputs.pop() == ReplyDone(), event
        outputs += heard.outputs
    return outputs


async def test_the_file_greets_and_answers_silence_and_what_nobody_made_out() -> None:
    async with serving() as server, calling(server) as one:
        assert one.brain.manners.apology == "Again, please."
        events = (CallBegan(), CallerSilent(), CallerSaid(""))
        said = [Say("Welcome."), Say("Still there?"), Say("Sorry, goodbye."), EndCall()]
        assert await scripted(one, *events) == said
        assert not server.asked


async def test_an_answer_of_the_model_ends_a_row_of_failed_turns() -> None:
    async with serving(text_answer("Yes."), text_answer("Yes.")) as server, calling(server) as one:
        for _ in range(2):
            assert await scripted(one, CallerSilent()) == [Say("Still there?")]
            await one.answered("a")


async def test_keys_are_told_in_words() -> None:
    async with serving(*(text_answer("Yes.") for _ in range(4))) as server, calling(server) as one:
        for event, words in (
            (CallerPressed("5"), "[The caller pressed the key 5.]"),
            (CallerEntered("123", complete=True), "[The caller keyed in 123.]"),
            (CallerEntered("12", complete=False), "keyed in 12, and then no more"),
            (CallerEntered("", complete=False), "keyed in nothing"),
        ):
            _, heard = one.tell(event)
            assert await heard.all() == [ReplyBegan(), Say("Yes."), ReplyDone()]
            assert words in one.sent[-1]["content"]
        assert one.sent[0]["content"].count("\n") == 3


async def test_keys_of_a_call_that_hears_nothing_are_the_files() -> None:
    async with serving(text_answer("Yes."), text_answer("No.")) as server, calling(server) as one:
        await scripted(one, RecognitionLost())
        pressed = await scripted(one, CallerPressed("0"))
        assert pressed == [Say("One moment."), TransferCall("+15555550100")]
        await one.answered("it works again")
        _, heard = one.tell(CallerPressed("0"))
        assert (await heard.all())[1] == Say("No.")
