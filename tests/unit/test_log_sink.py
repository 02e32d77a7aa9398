"""The log sink: a blocked terminal blocks nobody, and what is lost is counted."""

import logging
import threading
from collections.abc import Iterator

import pytest
from loguru import logger

from log_sink import MAX_LINE_CHARS, LogSink, set_up_logging

pytestmark = pytest.mark.unit
WAIT_S = 5.0


class Terminal:
    """Takes lines, or does not."""

    def __init__(self) -> None:
        self.text = b""
        self.reached, self.open = threading.Event(), threading.Event()
        self.error: OSError | None = None

    def write(self, batch: bytes) -> None:
        self.reached.set()
        assert self.open.wait(WAIT_S)
        if self.error is not None:
            raise self.error
        self.text += batch


def test_lines_come_out_in_order_and_all_of_them_before_the_end() -> None:
    terminal = Terminal()
    terminal.open.set()
    sink = LogSink(terminal.write)
    for number in range(250):
        sink.write(f"{number}\n")
    sink.stop()
    assert terminal.text.decode().split() == [str(number) for number in range(250)]
    assert sink.lost == 0


def test_a_blocked_terminal_blocks_no_logger_and_loses_the_newest_lines_counted() -> None:
    terminal, lost = Terminal(), list[int]()
    sink = LogSink(terminal.write, lost.append, max_lines=3)
    sink.write("first\n")
    assert terminal.reached.wait(WAIT_S)
    for number in range(10):
        sink.write(f"{number}\n")
    assert sink.lost == sum(lost) == 7
    terminal.open.set()
    sink.stop()
    text = terminal.text.decode()
    assert text.split()[:4] == ["first", "0", "1", "2"]
    assert "7 lines lost" in text


def test_a_closed_terminal_costs_lines_not_the_thread() -> None:
    terminal = Terminal()
    terminal.open.set()
    terminal.error = BrokenPipeError()
    sink = LogSink(terminal.write)
    sink.write("a\n")
    sink.stop()
    assert sink.lost == 1


def test_after_the_end_lines_are_lost_not_kept() -> None:
    terminal = Terminal()
    terminal.open.set()
    sink = LogSink(terminal.write)
    sink.stop()
    sink.write("late\n")
    assert sink.lost == 1


def test_a_long_line_is_cut() -> None:
    terminal = Terminal()
    terminal.open.set()
    sink = LogSink(terminal.write)
    sink.write("x" * 2 * MAX_LINE_CHARS + "\n")
    sink.stop()
    assert len(terminal.text.decode()) <= MAX_LINE_CHARS
    assert terminal.text.endswith("…\n".encode())


@pytest.fixture
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal in place of stderr; afterwards all logging is as it was."""
    terminal = Terminal()
    terminal.open.set()
    monkeypatch.setattr("log_sink._write_stderr", terminal.write)
    before = logging.root.handlers[:], logging.root.level
    yield terminal
    logger.remove()
    logger.configure(patcher=lambda _record: None)
    logging.root.handlers[:], logging.root.level = before


def test_loguru_and_the_libraries_end_up_in_one_sink_with_the_call(
    restored_logging: Terminal,
) -> None:
    sink = set_up_logging("INFO")
    logger.bind(call_sid="CA1").info("שלום {}", "עולם")
    logger.debug("unheard")
    logging.getLogger("uvicorn.error").warning("library {%s}", "warns")
    logging.getLogger("websockets.server").debug("> TEXT what a caller says")
    logger.remove()
    sink.stop()
    lines = restored_logging.text.decode().splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "INFO    CA1 שלום עולם",
        "WARNING - library {warns}",
    ]


@pytest.mark.parametrize(("private", "shown"), [("yes", False), ("", True)])
def test_the_text_of_an_exception_is_shown_only_where_transcripts_are(
    private: str, *, shown: bool, restored_logging: Terminal
) -> None:
    sink = set_up_logging("INFO", private=bool(private))
    logging.getLogger("pykka").error("crash", exc_info=KeyError("my name is Dana"))
    logger.remove()
    sink.stop()
    text = restored_logging.text.decode()
    assert "KeyError" in text
    assert ("Dana" in text) is shown


def test_a_failure_by_design_leaves_no_trace_of_pykkas(capfd: pytest.CaptureFixture[str]) -> None:
    class Failed(Exception):
        expected = True

    sink = set_up_logging("INFO")
    for error in (Failed("by design"), ValueError("a bug")):
        logging.getLogger("pykka").error("Unhandled exception", exc_info=error)
    logger.remove()
    sink.stop()
    shown = capfd.readouterr().err
    assert shown.count("Unhandled exception") == 1
    assert "ValueError" in shown
