"""What nobody catches: it is in the log, in one line, and without what a caller said."""

import asyncio
import contextlib
import sys
import threading
import warnings
from collections.abc import Callable, Generator
from typing import Any

import pytest
from loguru import logger

from dialogue.own_errors import trace_of
from log_sink import set_up_logging
from telemetry.uncaught import take_uncaught

pytestmark = [
    pytest.mark.unit,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]
TEXT = "my name is Dana"


def in_a_task() -> None:
    async def fail() -> None:
        raise ValueError(TEXT)

    async def leave_a_task() -> None:
        task = asyncio.ensure_future(fail())
        await asyncio.wait([task])

    asyncio.run(leave_a_task())


def in_a_callback() -> None:
    async def call_back() -> None:
        asyncio.get_running_loop().call_soon(int, TEXT)
        await asyncio.sleep(0)

    asyncio.run(call_back())


def in_the_context_of_a_loop() -> None:
    async def report() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": TEXT, "object": TEXT})

    asyncio.run(report())


def in_a_thread() -> None:
    def fail() -> None:
        raise ValueError(TEXT)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


def in_a_finaliser() -> None:
    class Last:
        def __del__(self) -> None:
            raise ValueError(TEXT)

    Last()


def in_a_warning() -> None:
    warnings.simplefilter("always")
    warnings.warn(TEXT, stacklevel=1)


@contextlib.contextmanager
def taken(*, private: bool) -> Generator[None]:
    """Log to stderr, what nobody catches included."""
    sink = set_up_logging("INFO", private=private)
    put_back = take_uncaught(trace_of, private=private)
    try:
        yield
    finally:
        put_back()
        logger.remove()
        logger.configure(patcher=lambda _record: None)
        sink.stop()


SIDE_PATHS: list[tuple[Callable[[], None], str]] = [
    (in_a_task, "Task exception was never retrieved: ValueError at unit/test_uncaught.py:"),
    (in_a_callback, "Exception in callback: ValueError at "),
    (in_the_context_of_a_loop, "The event loop reports (text withheld)"),
    (in_a_thread, "Uncaught in a thread: ValueError at unit/test_uncaught.py:"),
    (in_a_finaliser, "Uncaught where nobody can catch: ValueError at unit/test_uncaught.py:"),
    (in_a_warning, "UserWarning at unit/test_uncaught.py:"),
]


@pytest.mark.parametrize(("fail", "told"), SIDE_PATHS)
def test_it_is_one_line_with_its_type_and_its_place_and_no_text(
    fail: Callable[[], None], told: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with taken(private=True):
        fail()
    shown = capfd.readouterr().err
    assert shown.count("\n") == 1
    assert told in shown
    assert "Dana" not in shown


@pytest.mark.parametrize("fail", [fail for fail, _ in SIDE_PATHS])
def test_texts_are_shown_where_transcripts_are(
    fail: Callable[[], None], capfd: pytest.CaptureFixture[str]
) -> None:
    with taken(private=False):
        fail()
    shown = capfd.readouterr().err
    assert TEXT in shown
    assert shown.startswith("20"), "it went past the log"


def test_a_thread_that_ends_itself_is_no_line(capfd: pytest.CaptureFixture[str]) -> None:
    with taken(private=True):
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()
    assert not capfd.readouterr().err


def test_the_hooks_that_were_there_come_back() -> None:
    def hooks() -> tuple[Any, ...]:
        return threading.excepthook, sys.unraisablehook, warnings.showwarning

    before = hooks()
    with taken(private=True):
        assert all(now is not old for now, old in zip(hooks(), before, strict=True))
    assert hooks() == before
