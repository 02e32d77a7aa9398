"""A model's answer off the wire, and thoughts that are kept out of it. Pure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.model_events import MAX_STREAM_BYTES, EventReader, pieces_of
from dialogue.model_stream import Finished, ModelError, TextDelta, ToolDelta
from dialogue.model_thoughts import Thoughts

pytestmark = pytest.mark.unit

WIRE = (
    b': ping\r\n\r\ndata: {"a":1}\r\n\r\nevent: x\ndata:{"b":\ndata:  2}\n\n\n'
    b"data: [DONE]\n\ndata: no\n\n"
)


def events_of(*chunks: bytes) -> tuple[list[bytes], bool]:
    reader = EventReader()
    return [data for chunk in chunks for data in reader.push(chunk)], reader.done


@given(size=st.integers(1, 40))
def test_events_are_the_same_however_the_bytes_come(size: int) -> None:
    chunks = [WIRE[at : at + size] for at in range(0, len(WIRE), size)]
    assert events_of(*chunks) == ([b'{"a":1}', b'{"b":\n 2}'], True)


def test_an_answer_without_end_is_given_up() -> None:
    chunks = [b"data: 1\n\n" * 10_000] * 1000
    with pytest.raises(ModelError, match=f"more than {MAX_STREAM_BYTES} bytes"):
        events_of(*chunks)


def test_an_event_without_end_is_given_up() -> None:
    with pytest.raises(ModelError, match="more than 262144 bytes"):
        events_of(*([b"data: " + b"x" * 1000 + b"\n"] * 300))


PIECES = [
    ("{}", []),
    ('{"choices": []}', []),
    ('{"choices": [{"delta": null}]}', []),
    ('{"choices": [{"delta": {"content": null, "reasoning_content": "x"}}]}', []),
    (
        '{"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}',
        [TextDelta("a"), Finished("stop")],
    ),
    (
        '{"choices": [{"delta": {"tool_calls": [{"index": 2, "id": "c", "function": {"name": "f", "arguments": "{"}}]}}]}',  # noqa: E501
        [ToolDelta(2, "c", "f", "{")],
    ),
    (
        '{"choices": [{"delta": {"tool_calls": [{"function": {"arguments": {"a": 1}}}, {}]}}]}',
        [ToolDelta(0, "", "", '{"a":1}'), ToolDelta(1, "", "", "")],
    ),
]


@pytest.mark.parametrize(("data", "pieces"), PIECES)
def test_what_servers_leave_out_is_no_error(data: str, pieces: list[object]) -> None:
    assert list(pieces_of(data.encode())) == pieces


@given(data=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_that_comes_breaks_more_than_the_answer(data: bytes) -> None:
    try:
        list(pieces_of(data))
    except ModelError as error:
        assert "\n" not in error.detail  # noqa: PT017  # either outcome is right


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Yes.", "Yes."),
        ("<think>no</think>Yes <think>.", "Yes <think>."),
        (" \n<think>a<b</think>", ""),
        ("<thinking> Yes", "<thinking> Yes"),
        ("<th", "<th"),
        ("<think>never over", ""),
        ("  ", "  "),
    ],
)
def test_thoughts_stay_unspoken_however_they_come(text: str, spoken: str) -> None:
    for size in range(1, 12):
        thoughts = Thoughts()
        parts = [thoughts.spoken(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join(parts) + thoughts.finish() == spoken
