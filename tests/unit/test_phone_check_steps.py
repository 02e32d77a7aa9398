"""The steps of `phone check` on a line whose agent is made up, in phone time without a clock."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from media.frame import FRAME_BYTES, SAMPLE_RATE_HZ
from phone.check_calls import CALLS, _Course, _hang_up, _perform
from phone.check_plan import CheckPlan
from phone.check_row import Row, Verdict
from phone.check_steps import Steps
from phone.check_view import REFUSALS, Refusal, View, read_view
from phone.check_watch import Watch
from phone.ear import Ear
from phone.errors import LineEndedError, WaitTimeoutError
from speech.tone import tone

pytestmark = pytest.mark.unit

QUESTION, LONG, CUT = tone("a" * 10), tone("a" * 120), tone("a" * 20)
"""0.6 s, 7.2 s and 1.2 s."""

PLAN = CheckPlan(QUESTION, LONG, CUT)


class Line:
    """Passes time while it is waited; the agent does what the test has scheduled."""

    def __init__(self) -> None:
        self.position = 0
        self.ear = Ear()
        self.ended = False
        self.loudspeaker = SimpleNamespace(
            clears=0, media_messages=0, staleness=SimpleNamespace(stale_messages=0)
        )
        self.answers: Callable[[float, bytes], None] = self.answer
        self.answer_s = 4.0
        self._speaks: list[tuple[float, float]] = []
        self._events: list[tuple[float, Callable[[], None]]] = []
        self._caller_until = 0

    @property
    def now_s(self) -> float:
        return self.position / SAMPLE_RATE_HZ

    def agent(self, after_s: float, long_s: float) -> None:
        """Let the agent speak."""
        self._speaks.append((self.now_s + after_s, self.now_s + after_s + long_s))

    def later(self, after_s: float, event: Callable[[], None]) -> None:
        self._events.append((self.now_s + after_s, event))

    def answer(self, voice_s: float, _audio: bytes) -> None:
        """Answer when the caller's voice has ended; by default for 4 s, interrupted at once."""
        self.agent(voice_s + 0.3, self.answer_s)
        if self.speaking:
            self.later(0.2, self.clear)

    @property
    def speaking(self) -> bool:
        return any(begin <= self.now_s < end for begin, end in self._speaks)

    def clear(self) -> None:
        self.loudspeaker.clears += 1
        now = self.now_s
        self._speaks = [(b, now if b <= now < e else e) for b, e in self._speaks]
        self.ear.agent_cut(self.position)

    def hang_up(self) -> None:
        self.ended = True

    def say(self, audio: bytes) -> None:
        self._caller_until = self.position + len(audio)
        self.answers(len(audio) / SAMPLE_RATE_HZ, audio)

    async def speak(self, audio: bytes) -> None:
        self.say(audio)
        until = self._caller_until
        await self.until(lambda: self.position >= until, "speech", 60.0)

    async def wait_for_speech(self, timeout_s: float, since: int) -> float:
        heard = self.ear.answer_after
        await self.until(lambda: heard(since) is not None, "the agent's voice", timeout_s)
        return heard(since) or 0.0

    async def wait_for_quiet(self) -> None:
        quiet = SAMPLE_RATE_HZ * 6 // 10
        await self.until(
            lambda: self.position - self.ear.agent.last_end >= quiet, "a quiet agent", 60.0
        )

    async def until(self, done: Callable[[], bool], what: str, timeout_s: float) -> None:
        give_up_at = self.now_s + timeout_s
        while not done():
            if self.ended:
                raise LineEndedError(f"the stream ended before {what}")
            if self.now_s >= give_up_at:
                raise WaitTimeoutError(f"waited in vain for {what}")
            self._tick()

    def _tick(self) -> None:
        if self.speaking:
            self.ear.agent_played(self.position, tone("a")[:FRAME_BYTES])
            self.loudspeaker.media_messages += 1
        self.position += FRAME_BYTES
        for event in [one for one in self._events if one[0] <= self.now_s]:
            self._events.remove(event)
            event[1]()


def steps(line: Line) -> Steps:
    made: Any = line
    return Steps(made, PLAN, lambda _text: None)


def run(line: Line, step: Callable[[Steps], Any]) -> Row:
    row: Row = asyncio.run(step(steps(line)))
    return row


def test_a_greeting_is_heard_to_its_end() -> None:
    line = Line()
    line.agent(0.5, 2.0)
    row = run(line, Steps.greeting)
    assert (row.verdict, row.detail) == (Verdict.GO, "heard after 0.50 s, 2.0 s long")


def test_a_line_that_stays_silent_is_no_greeting() -> None:
    assert run(Line(), Steps.greeting).detail == "silence for 10 s"


def test_an_answer_must_come_and_be_of_some_length() -> None:
    line = Line()
    assert run(line, Steps.answer).verdict is Verdict.GO
    line.answer_s = 2.0
    short = run(line, Steps.answer)
    assert (short.verdict, "--answer FILE" in short.advice) == (Verdict.NO_GO, True)
    line.answers = lambda _voice_s, _audio: None
    assert run(line, Steps.answer).detail == "no answer in 10 s"


def test_silence_is_borne_with_patience_or_a_prompt() -> None:
    assert run(Line(), Steps.silence).detail.startswith("patience; then answered after 0.3")
    line = Line()
    line.agent(3.0, 1.0)
    assert run(line, Steps.silence).detail.startswith("a prompt after 3.0 s; then answered")


def test_an_agent_that_has_gone_deaf_in_the_silence_is_a_no_go() -> None:
    line = Line()
    line.answers = lambda _voice_s, _audio: None
    row = run(line, Steps.silence)
    assert (row.verdict, row.detail) == (Verdict.NO_GO, "patience, then no answer")


def test_a_long_sentence_is_heard_to_its_end() -> None:
    line = Line()
    assert run(line, Steps.long_sentence).detail.startswith("7.2 s, one answer after 0.3")

    def cut_in(voice_s: float, _audio: bytes) -> None:
        line.agent(4.0, 1.0)
        line.agent(voice_s + 1.0, 1.0)

    line.answers = cut_in
    cut = run(line, Steps.long_sentence)
    assert (cut.verdict, cut.detail) == (Verdict.NO_GO, "the agent spoke 4.0 s into 7.2 s")


def test_an_agent_that_stops_at_once_and_answers_is_interrupted_cleanly() -> None:
    row = run(Line(), Steps.barge_in)
    assert row.verdict is Verdict.GO
    assert row.detail.startswith("fell silent after 2")


def barge_in(interrupted: Callable[[Line], None]) -> str:
    """Interrupt an answer; the test says what the agent does then."""
    line = Line()

    def answers(voice_s: float, audio: bytes) -> None:
        if line.speaking:
            interrupted(line)
            line.agent(voice_s + 0.3, 1.0)
        else:
            line.answer(voice_s, audio)

    line.answers = answers
    row = run(line, Steps.barge_in)
    assert row.verdict is Verdict.NO_GO
    return row.detail


def test_silence_that_comes_late_is_a_no_go() -> None:
    assert barge_in(lambda line: line.later(0.5, line.clear)).startswith("was still speaking")


def test_silence_without_a_clear_is_a_no_go() -> None:
    def fall_silent(line: Line) -> None:
        line.later(0.2, line.clear)
        line.later(0.2, lambda: setattr(line.loudspeaker, "clears", 0))

    assert barge_in(fall_silent) == "no clear was sent"


def test_frames_after_the_clear_are_a_no_go_however_few() -> None:
    def leak(line: Line) -> None:
        line.later(0.2, line.clear)
        line.later(0.5, lambda: line.agent(0.0, 0.04))

    assert "2 frames of the old answer after clear" in barge_in(leak)


def test_frames_that_their_marks_betray_are_a_no_go() -> None:
    def betray(line: Line) -> None:
        line.later(0.2, line.clear)
        line.later(0.5, lambda: setattr(line.loudspeaker.staleness, "stale_messages", 3))

    assert barge_in(betray) == "3 frames of the old answer after clear"


def test_an_answer_too_short_to_be_interrupted_is_told_as_such() -> None:
    line = Line()
    line.answer_s = 1.0
    row = run(line, Steps.barge_in)
    assert (row.verdict, row.detail) == (Verdict.NO_GO, "the answer was over after 1.0 s")


def test_steps_behind_the_end_of_the_stream_are_not_reached() -> None:
    line = Line()
    line.agent(0.5, 1.0)
    line.later(4.0, line.hang_up)
    line.answers = lambda _voice_s, _audio: None
    nothing: Any = None
    course = _Course(nothing, steps(line), nothing)
    asyncio.run(_perform(course, CALLS[0]))
    assert [row.verdict for row in course.rows] == [Verdict.GO, Verdict.NO_GO, Verdict.NO_GO]
    assert course.rows[1].detail == "the stream ended before the agent's voice"
    assert course.rows[2].detail == "not reached: the stream ended before the agent's voice"


# --- the end of a call, and the looks at it -----------------------------------------------


def hang_up(*, early: bool = False, **changes: Any) -> Row:
    faults = SimpleNamespace(total=changes.get("faults", 0), examples=["not_json: 1 bytes"])
    line = SimpleNamespace(
        close_code=changes.get("code", 1000),
        ended_by="server" if early else "caller",
        loudspeaker=SimpleNamespace(faults=faults),
    )
    state = changes.get("state", "ended:caller_hung_up")
    call: Any = SimpleNamespace(problems=changes.get("problems", []), line=line, outcome="hang up")
    watch: Any = SimpleNamespace(last=SimpleNamespace(state=state))
    nothing: Any = None
    return _hang_up(_Course(call, nothing, watch), ended_early=early)


def test_a_call_that_the_caller_ends_ends_cleanly() -> None:
    row = hang_up()
    assert row.verdict is Verdict.GO
    assert row.detail == "code 1000, TwiML hang up; the server says ended:caller_hung_up"


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"early": True}, "the stream was ended by the server, not by the caller"),
        ({"code": 1006}, "the socket closed with code 1006"),
        ({"problems": ["statusCallback: refused"]}, "statusCallback: refused"),
        ({"faults": 2}, "2 protocol errors: not_json: 1 bytes"),
        ({"state": "live"}, "the server says: live"),
    ],
)
def test_whatever_is_unclean_about_the_end_is_a_no_go(changes: Any, detail: str) -> None:
    row = hang_up(**changes)
    assert (row.verdict, row.detail) == (Verdict.NO_GO, detail)


def watch(line: Line, *answers: View | Refusal) -> tuple[Watch, list[int]]:
    """Watch a line; gives the watch and the seconds of the looks."""
    made: Any = line
    asked: list[int] = []
    left = list(answers)

    async def fetch() -> View | Refusal:
        asked.append(round(line.now_s))
        return left.pop(0) if len(left) > 1 else left[0]

    watching = Watch(made, fetch, 1.0)
    asyncio.run(watching.run())
    return watching, asked


def live() -> View:
    seen = read_view(b'{"state": "live"}')
    assert isinstance(seen, View)
    return seen


def test_a_call_is_looked_at_once_a_second_while_it_lives() -> None:
    line = Line()
    line.later(3.5, line.hang_up)
    watching, asked = watch(line, Refusal("the call is unknown"), live())
    assert asked == [1, 2, 3]
    assert [look.asked_at // SAMPLE_RATE_HZ for look in watching.looks] == [2, 3]


def test_whoever_is_refused_does_not_ask_again() -> None:
    line = Line()
    line.later(3.5, line.hang_up)
    watching, asked = watch(line, REFUSALS[401])
    asyncio.run(watching.settle())
    assert asked == [1]
    assert watching.refusal.reason == "refused with 401"
