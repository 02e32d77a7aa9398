"""Tools: made of functions, called by a model, done or told."""

import asyncio
import threading
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest

from dialogue.model_calls import CallGatherer
from dialogue.model_reply import MAX_ROUNDS
from dialogue.model_stream import ToolDelta
from dialogue.own_threads import AgentThreads
from dialogue.ports import (
    MAX_NOTE_CHARS,
    CallFacts,
    CollectDigits,
    EndCall,
    LeaveNote,
    ReplyBegan,
    ReplyDone,
    ReplyFailed,
    Say,
    ToolOutcome,
    ToolUsed,
    TransferCall,
)
from dialogue.tools import Tool, ToolError, tool
from dialogue.tools_box import MAX_RESULT_CHARS, Toolbox, ToolCall, ToolResult
from dialogue.tools_phone import PHONE_TOOLS, phone_tools
from tests.support.models import calling
from tests.support.openai_server import WAIT_S, Answer, call, delta, finish, serving, text_answer
from tests.support.web import logged

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

TARGETS = {"+15555550100": "desk", "sip:a@b.example": ""}
FACTS = CallFacts("CA1", "+15555550111", ())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


NO_DIGITS = (
    "CollectDigits: expected max_digits 1 to 64, a key or '' as terminator, timeout_s 0.5 to 60"
)


# --- what a model is told of a function -----------------------------------------------


def test_a_function_becomes_a_schema() -> None:
    @tool
    def find(
        city: Annotated[str, "the city"],
        call: CallFacts,
        days: int = 1,
        unit: Literal["c", "f"] | None = None,
    ) -> str:
        """Find the weather."""
        return f"{city} {days} {unit} {call.caller}"

    function = find.spec["function"]
    assert (function["name"], function["description"]) == ("find", "Find the weather.")
    schema = function["parameters"]
    assert schema["required"] == ["city"]
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == {"city", "days", "unit"}
    assert schema["properties"]["city"] == {"type": "string", "description": "the city"}
    assert schema["properties"]["days"] == {"type": "integer"}
    assert schema["properties"]["unit"]["anyOf"][0] == {"enum": ["c", "f"], "type": "string"}
    assert find("Haifa", FACTS) == "Haifa 1 None +15555550111"


def no_text(a: int) -> None: ...


def no_type(a) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """A."""


def many(*a: int) -> None:
    """A."""


def odd(a: threading.Lock) -> None:
    """A."""


def unknown(a: "Nowhere") -> None:  # type: ignore[name-defined]  # noqa: F821
    """A."""


@pytest.mark.parametrize("function", [no_text, no_type, many, odd, unknown, lambda: 1])
def test_what_cannot_be_a_tool_is_one_clear_line(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"^tool \S+.*(expected|cannot)") as error:
        tool(function)
    assert "\n" not in str(error.value)


# --- running one ----------------------------------------------------------------------


async def run(one: Tool, arguments: str = "{}", facts: CallFacts = FACTS) -> ToolResult:
    threads = AgentThreads(1)
    try:
        box = Toolbox([one], threads)
        async with asyncio.timeout(WAIT_S):
            (result,) = await box.run([ToolCall("c", one.name, arguments)], facts)
    finally:
        threads.close()
    return result


@tool
def add(a: int, b: float = 1) -> float:
    """Add."""
    return a + b


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"a": 1}', "2"),
        ('{"a": "2", "b": 3}', "5.0"),
        ("{}", '{"error":"argument a: missing"}'),
        ("", '{"error":"argument a: missing"}'),
        ('{"a": 1, "z": 2}', '{"error":"unknown arguments: z"}'),
        ("SECRET", '{"error":"expected the arguments as a JSON object"}'),
        ("[1]", '{"error":"expected the arguments as a JSON object"}'),
    ],
)
async def test_arguments_are_checked_before_anything_is_done(arguments: str, text: str) -> None:
    assert (await run(add, arguments)).text == text


async def test_an_argument_of_the_wrong_type_is_named() -> None:
    assert '"argument a: Input should be a valid integer' in (await run(add, '{"a": []}')).text
    assert "at most 16384 characters" in (await run(add, " " * 20_000)).text


RESULTS: list[tuple[Any, str]] = [
    (None, "done"),
    ("text", "text"),
    ({"a": [1, None]}, '{"a":[1,null]}'),
    ([], "[]"),
    (object, "\"<class 'object'>\""),
    ("x" * 9000, "x" * MAX_RESULT_CHARS),
    (["a", Say("b")], '["a",{"text":"b","interruptible":true}]'),
]


@pytest.mark.parametrize(("value", "text"), RESULTS, ids=[text[:9] for _, text in RESULTS])
async def test_whatever_is_returned_becomes_a_bounded_text(value: Any, text: str) -> None:
    @tool
    def give() -> Any:
        """Give."""
        return value

    assert await run(give) == ToolResult(text)


def failing(error: BaseException) -> list[Tool]:
    def plain() -> None:
        """Fail."""
        raise error

    async def coroutine() -> None:
        """Fail."""
        raise error

    return [tool(plain), tool(coroutine)]


@pytest.mark.parametrize("error", [ValueError("SECRET"), SystemExit("SECRET")], ids=type)
async def test_an_exception_is_an_error_for_the_model_and_a_line_without_its_text(
    error: BaseException,
) -> None:
    for one in failing(error):
        with logged() as lines:
            assert (await run(one)).text == '{"error":"it failed"}'
        assert f"tool {one.name}: {type(error).__name__} at unit/test_model_tools.py" in lines[0]
        assert "SECRET" not in "".join(lines)


async def test_a_tool_error_is_told_to_the_model() -> None:
    for one in failing(ToolError("no such city")):
        with logged() as lines:
            assert (await run(one)).text == '{"error":"no such city"}'
        assert not lines


async def test_a_tool_that_takes_too_long_is_left_alone() -> None:
    release = threading.Event()

    @tool(timeout_s=0.02)
    def block() -> None:
        """Block."""
        release.wait(WAIT_S)

    @tool(timeout_s=0.02)
    async def hang() -> None:
        """Hang."""
        await asyncio.Event().wait()

    for one in (block, hang):
        assert "it took too long" in (await run(one)).text
    release.set()


async def test_plain_code_runs_off_the_loop_and_several_at_once() -> None:
    meeting = threading.Barrier(2)

    @tool
    def meet(call: CallFacts) -> str:
        """Meet."""
        meeting.wait(WAIT_S)
        return f"{call.call_sid} {threading.current_thread() is threading.main_thread()}"

    threads = AgentThreads(2)
    calls = [ToolCall("1", "meet", ""), ToolCall("2", "meet", ""), ToolCall("3", "SECRET", "")]
    results = await Toolbox([meet], threads).run(calls, FACTS)
    threads.close()
    unknown = '{"error":"there is no such tool; there are: meet"}'
    assert [result.text for result in results] == ["CA1 False", "CA1 False", unknown]


@pytest.mark.parametrize(
    ("deed", "refusal"),
    [
        (
            LeaveNote("x" * (MAX_NOTE_CHARS + 1)),
            "LeaveNote.text: expected at most 1000 characters, not 1001",
        ),
        (CollectDigits(65), NO_DIGITS),
        (
            TransferCall("SECRET"),
            "TransferCall.to: expected a number such as +15555550100 or a sip: address",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_a_deed_out_of_bounds_is_refused_and_said(deed: Any, refusal: str) -> None:
    @tool
    def do() -> Any:
        """Do."""
        return [Say("a"), deed]

    with logged() as lines:
        result = await run(do)
    assert (result.text, result.deeds) == (f'{{"error":"{refusal}"}}', ())
    assert f"tool do: {refusal}" in lines[0]
    assert "SECRET" not in "".join(lines)


async def test_a_text_to_say_is_made_speakable_and_an_empty_one_left_out() -> None:
    @tool
    def talk() -> list[Say]:
        """Talk."""
        return [Say("a\x00\n b"), Say(" ")]

    assert (await run(talk)).deeds == (Say("a b"),)


# --- what the call is told of it ------------------------------------------------------


def raising(error: BaseException) -> Tool:
    async def fails(a: int = 0) -> None:
        """Fail."""
        raise error

    return tool(fails)


@tool(timeout_s=0.02)
async def hang(a: int = 0) -> None:
    """Hang."""
    await asyncio.Event().wait()


USES: list[tuple[Tool, str, ToolOutcome]] = [
    (add, '{"a": 1}', "done"),
    (add, '{"z": 1}', "refused"),
    (raising(ToolError("no")), "{}", "refused"),
    (raising(ValueError("SECRET")), "{}", "failed"),
    (hang, "{}", "late"),
]


@pytest.mark.parametrize(("one", "arguments", "outcome"), USES)
async def test_every_use_of_a_tool_is_told_with_its_outcome(
    one: Tool, arguments: str, outcome: ToolOutcome
) -> None:
    told: list[ToolUsed] = []
    await run(one, arguments, CallFacts("CA1", "", (), told.append))
    (used,) = told
    assert (used.name, used.outcome, used.arguments) == (one.name, outcome, arguments)
    assert used.took_ms >= (20 if one is hang else 0)


async def test_a_tool_that_there_is_not_is_told_without_the_name_that_the_model_made_up() -> None:
    told: list[ToolUsed] = []
    facts = CallFacts("CA1", "", (), told.append)
    await Toolbox([], AgentThreads(1)).run([ToolCall("c", "SECRET", "{}")], facts)
    assert [(used.name, used.outcome) for used in told] == [("", "unknown")]


async def test_a_tool_that_nobody_waits_for_any_more_is_told_as_interrupted() -> None:
    began = asyncio.Event()

    @tool
    async def wait() -> None:
        """Wait."""
        began.set()
        await asyncio.Event().wait()

    told: list[ToolUsed] = []
    task = asyncio.create_task(run(wait, "{}", CallFacts("CA1", "", (), told.append)))
    async with asyncio.timeout(WAIT_S):
        await began.wait()
        task.cancel()
        await asyncio.wait({task})
    assert [(used.name, used.outcome) for used in told] == [("wait", "interrupted")]


# --- in a reply -----------------------------------------------------------------------


def uses(name: str, arguments: str = "{}", said: str = "") -> Answer:
    spoken = [delta(said)] if said else []
    return Answer([*spoken, call(name, arguments), finish("tool_calls")])


async def outputs_of(*answers: Answer, tools: list[Tool] | None = None) -> list[Any]:
    ready = phone_tools(PHONE_TOOLS, TARGETS) if tools is None else tools
    async with serving(*answers) as server, calling(server, ready) as one:
        _, heard = one.say("a")
        outputs = list(await heard.all())
        assert not server.answers, "not all that was prepared was asked for"
    return outputs


PHONE: list[tuple[list[Answer], list[Any]]] = [
    ([uses("hang_up", '{"goodbye": "Bye now."}')], [Say("Bye now."), EndCall()]),
    ([uses("hang_up", said="Bye.")], [Say("Bye."), EndCall()]),
    ([uses("transfer", '{"to": "+15555550100"}')], [TransferCall("+15555550100")]),
    (
        [uses("collect_digits", '{"max_digits": 5}', "Key it in.")],
        [Say("Key it in."), CollectDigits(5)],
    ),
    (
        [uses("collect_digits", '{"max_digits": 5, "terminator": ""}'), text_answer("Now.")],
        [CollectDigits(5, ""), Say("Now.")],
    ),
    (
        [uses("send_note", '{"text": "Call back."}', "I will tell them."), text_answer("Done.")],
        [Say("I will tell them."), LeaveNote("Call back."), Say("Done.")],
    ),
    ([uses("transfer", '{"to": "+19"}'), text_answer("Sorry.")], [Say("Sorry.")]),
    ([uses("collect_digits", '{"max_digits": 65}'), text_answer("Sorry.")], [Say("Sorry.")]),
    ([uses("send_note", '{"text": " "}'), text_answer("Sorry.")], [Say("Sorry.")]),
    (
        [uses("send_note", f'{{"text": "{"x" * (MAX_NOTE_CHARS + 1)}"}}'), text_answer("Sorry.")],
        [Say("Sorry.")],
    ),
]


@pytest.mark.parametrize(("answers", "expected"), PHONE)
async def test_the_model_can_use_the_telephone(answers: list[Answer], expected: list[Any]) -> None:
    assert await outputs_of(*answers) == [ReplyBegan(), *expected, ReplyDone()]


def test_nobody_to_transfer_to_is_no_tool() -> None:
    names = [one.name for one in phone_tools(PHONE_TOOLS, {})]
    assert names == ["hang_up", "send_note", "collect_digits"]
    transfer = phone_tools(["transfer"], TARGETS)[0].spec["function"]["parameters"]["properties"]
    assert transfer["to"]["enum"] == list(TARGETS)
    assert "+15555550100 (desk)" in transfer["to"]["description"]


async def test_what_is_said_before_a_tool_is_heard_while_it_works() -> None:
    said = asyncio.Event()

    @tool
    async def look() -> str:
        """Look."""
        await asyncio.wait_for(said.wait(), WAIT_S)
        return "3"

    answers = (uses("look", said="One moment"), text_answer("There are 3."))
    async with serving(*answers) as server, calling(server, [look]) as one:
        _, heard = one.say("a")
        await heard.until(Say)
        said.set()
        await heard.all()
        assert heard.said == ["One moment", "There are 3."]
        asked = server.asked[1]["messages"]
        assert asked[-2]["content"] == "One moment"
        assert asked[-1] == {"role": "tool", "tool_call_id": "c1", "content": "3"}


async def test_what_is_said_before_a_call_is_heard_while_its_arguments_are_written() -> None:
    more = asyncio.Event()
    slow = Answer([delta("One moment"), call("add", '{"a"'), more, call("add", ": 1}"), finish()])
    async with serving(slow, text_answer("2.")) as server, calling(server, [add]) as one:
        _, heard = one.say("a")
        await heard.until(Say)
        more.set()
        assert (await heard.all())[1:] == [Say("One moment"), Say("2."), ReplyDone()]
        assert server.asked[1]["messages"][-1]["content"] == "2"


@pytest.mark.parametrize("rounds", [MAX_ROUNDS, MAX_ROUNDS + 1])
async def test_a_model_that_never_stops_calling_tools_is_stopped(rounds: int) -> None:
    more = [uses("add", '{"a": 1}') for _ in range(rounds)]
    enough = rounds > MAX_ROUNDS
    outputs = await outputs_of(*more, *([] if enough else [text_answer("2.")]), tools=[add])
    failed = ReplyFailed("model: more than 5 rounds of tools in one reply")
    assert outputs == [ReplyBegan(), *([failed] if enough else [Say("2."), ReplyDone()])]


async def test_too_many_calls_in_one_answer_are_refused() -> None:
    steps = [call("add", "{}", f"c{number}", number) for number in range(9)]
    failed = ReplyFailed("model: more than 8 calls of tools in one answer")
    assert await outputs_of(Answer(steps), tools=[add]) == [ReplyBegan(), failed]


async def test_a_tool_that_cancels_itself_does_not_leave_the_caller_waiting() -> None:
    @tool
    async def odd() -> None:
        """Cancel."""
        raise asyncio.CancelledError

    failed = ReplyFailed("model: the reply was called off")
    assert (await outputs_of(uses("odd"), tools=[odd]))[-1] == failed


GATHERED: list[tuple[list[ToolDelta], list[ToolCall]]] = [
    (
        [ToolDelta(0, "a", "f", ""), ToolDelta(0, "", "", '{"x"'), ToolDelta(0, "", "", ": 1}")],
        [ToolCall("a", "f", '{"x": 1}')],
    ),
    (
        [ToolDelta(0, "a", "f", "{}"), ToolDelta(0, "b", "g", "{}")],
        [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{}")],
    ),
    (
        [ToolDelta(0, "a", "f", "{"), ToolDelta(1, "b", "g", "{"), ToolDelta(0, "a", "f", "}")],
        [ToolCall("a", "f", "{}"), ToolCall("b", "g", "{")],
    ),
    ([ToolDelta(0, "", "f", "")], [ToolCall("call_0", "f", "")]),
]


@pytest.mark.parametrize(("deltas", "calls"), GATHERED)
def test_calls_are_put_together_from_their_parts(
    deltas: list[ToolDelta], calls: list[ToolCall]
) -> None:
    gatherer = CallGatherer()
    for one in deltas:
        gatherer.push(one)
    assert gatherer.calls() == calls
