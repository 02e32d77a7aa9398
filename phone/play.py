"""Performs a scenario on a line: waits, acts, and sees whether what was expected happened.

Owns the course of one scenario while the stream lasts. Judging is `scenario_judge`'s, the
words of the call are looked at afterwards by `play_call`. Talked to by `play_call`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from media.frame import BYTES_PER_MS, SAMPLE_RATE_HZ
from phone.errors import LineEndedError, WaitTimeoutError
from phone.line import Line
from phone.play_sounds import audible, sound_of
from phone.scenario import (
    AGENT_DONE_MS,
    Act,
    After,
    AgentDone,
    AgentSpeaking,
    HangUpNow,
    JustListen,
    KeepSilent,
    MakeNoise,
    PlayWav,
    PressKeys,
    SayText,
    Scenario,
    SilenceOf,
    Turn,
    When,
)
from phone.scenario_judge import Heard, Moment, Verdict, judge
from phone.spans import PAUSE_SAMPLES

Tell = Callable[[str], None]
"""Takes one line of progress."""

KEY_GAP_MS: Final = 150
"""Between two keys: a quick finger."""

SETTLE_S: Final = 10.0
"""How much longer than its limit an expectation may take to be decided."""


@dataclass(frozen=True, slots=True)
class Played:
    """A turn that was performed."""

    number: int
    """From 1, as in the file."""

    turn: Turn
    moment: Moment
    agent_was_speaking: bool


class Play:
    """One scenario on one line."""

    def __init__(
        self, line: Line, scenario: Scenario, spoken: Mapping[str, bytes], tell: Tell
    ) -> None:
        """Get ready.

        Args:
            line: a stream that has just begun.
            scenario: what to do.
            spoken: the audio of all its texts.
            tell: hears what happens.
        """
        self.failures: list[str] = []
        """What was expected and did not happen, a line each."""

        self.played: list[Played] = []
        self._line = line
        self._scenario = scenario
        self._spoken = spoken
        self._tell_line = tell
        self._since = 0
        """Where the turn before began to be performed."""

        self._over_at = 0
        """Where the turn before was over."""

    async def run(self) -> None:
        """Perform the turns; a moment that never comes ends the scenario, failed."""
        for number, turn in enumerate(self._scenario.turns, 1):
            try:
                await self._wait(turn.when, turn.timeout_s)
            except (WaitTimeoutError, LineEndedError) as error:
                self._fail(number, turn, str(error))
                return
            try:
                await self._perform(number, turn)
            except LineEndedError as error:
                # What is expected of a call that has ended was judged by then.
                if not isinstance(turn.act, HangUpNow) and not turn.expect.limits_ms:
                    self._fail(number, turn, str(error))

    # --- waiting for the moment -------------------------------------------------------

    async def _wait(self, when: When, timeout_s: float) -> None:
        line, since, over_at = self._line, self._since, self._over_at
        agent = line.ear.agent
        match when:
            case AgentDone():
                quiet = AGENT_DONE_MS * BYTES_PER_MS
                await line.until(
                    lambda: agent.last_end > since and line.position - agent.last_end >= quiet,
                    "the end of what the agent says",
                    timeout_s,
                )
            case AgentSpeaking(ms):
                await line.until(
                    lambda: self._speaking_for() >= max(1.0, ms * BYTES_PER_MS),
                    "the agent's voice",
                    timeout_s,
                )
            case SilenceOf(ms):
                await line.until(
                    lambda: line.position - agent.last_end >= ms * BYTES_PER_MS,
                    "the agent's silence",
                    timeout_s,
                )
            case After(ms):
                await self._pass_time(over_at + int(ms * BYTES_PER_MS))

    def _speaking_for(self) -> int:
        """How many samples the agent has been speaking for; 0 when it is not."""
        spans = self._line.ear.agent.spans
        if not spans or spans[-1].cut or self._line.position - spans[-1].end >= PAUSE_SAMPLES:
            return 0
        return spans[-1].end - spans[-1].start

    async def _pass_time(self, until: int) -> None:
        line = self._line
        left_s = max(0, until - line.position) / SAMPLE_RATE_HZ
        await line.until(lambda: line.position >= until, "the end of a pause", left_s + SETTLE_S)

    # --- doing it ---------------------------------------------------------------------

    async def _perform(self, number: int, turn: Turn) -> None:
        line = self._line
        self._since = line.position if number > 1 else 0
        speaking = self._heard().speaking_at(self._since) is not None
        try:
            moment = await self._act(turn.act)
        except LineEndedError:
            moment = Moment(self._since, self._since)
        self.played.append(Played(number, turn, moment, speaking))
        await self._settle(number, turn, moment)
        if isinstance(turn.act, KeepSilent):
            await self._pass_time(moment.began + int(turn.act.ms * BYTES_PER_MS))
        self._over_at = line.position

    async def _act(self, act: Act) -> Moment:
        line = self._line
        if not isinstance(act, JustListen):
            self._tell(f"caller: {describe(act)}")
        match act:
            case SayText() | PlayWav() | MakeNoise():
                return await self._sound(sound_of(act, self._spoken, self._scenario.gain_db))
            case PressKeys(keys):
                for index, key in enumerate(keys):
                    if index:
                        await self._pass_time(line.position + KEY_GAP_MS * BYTES_PER_MS)
                    line.press(key)
                return Moment(line.position, line.position)
            case HangUpNow():
                began = line.position
                await line.hang_up()
                return Moment(began, began)
            case KeepSilent() | JustListen():
                return Moment(self._since, self._since)

    async def _sound(self, audio: bytes) -> Moment:
        began = self._line.position
        first, last = audible(audio)
        await self._line.speak(audio)
        return Moment(began + first, began + last)

    # --- what comes of it -------------------------------------------------------------

    async def _settle(self, number: int, turn: Turn, moment: Moment) -> None:
        limits = turn.expect.limits_ms
        found: dict[str, Verdict] = {}

        def settled() -> bool:
            heard = self._heard()
            for name, limit_ms in limits.items():
                verdict = None if name in found else judge(name, limit_ms, moment, heard)
                if verdict is not None:
                    found[name] = verdict
            return len(found) == len(limits)

        if not settled() and not self._line.ended:
            timeout_s = max(limits.values()) / 1000 + SETTLE_S
            try:
                await self._line.until(settled, "what is expected", timeout_s)
            except LineEndedError:
                settled()
        for name, limit_ms in limits.items():
            self._note(number, turn, f"{name} = {limit_ms:g}", found[name])

    def _heard(self) -> Heard:
        line = self._line
        if not line.ended:
            return Heard(line.ear.agent.spans, line.position)
        end = int(line.duration_s * SAMPLE_RATE_HZ)
        by_server = line.ended_by == "server"
        return Heard(line.ear.agent.spans, end, over=True, by_server=by_server)

    def _note(self, number: int, turn: Turn, expected: str, verdict: Verdict) -> None:
        if verdict.ok:
            self._tell(f"        {expected}: {verdict.detail}")
        else:
            self._fail(number, turn, f"{expected}: {verdict.detail}")

    def _fail(self, number: int, turn: Turn, detail: str) -> None:
        failure = f"turn {number} ({describe(turn.act)}): {detail}"
        self.failures.append(failure)
        self._tell(f"NOT MET {failure}")

    def _tell(self, text: str) -> None:
        self._tell_line(f"{self._line.position / SAMPLE_RATE_HZ:7.2f} s  {text}")


def describe(act: Act) -> str:  # noqa: PLR0911 - one case for each act
    """What a caller does, in a few words; keys are personal data and only counted."""
    match act:
        case SayText(parts):
            pieces = (part if isinstance(part, str) else "…" for part in parts)
            return f'says "{" ".join(pieces)}"'
        case PlayWav(path):
            return f"plays {path.name}"
        case MakeNoise(name):
            return f"makes a noise: {name}"
        case PressKeys(keys):
            return f"presses {len(keys)} key(s)"
        case KeepSilent(ms):
            return f"is silent for {ms:g} ms"
        case HangUpNow():
            return "hangs up"
        case JustListen():
            return "listens"
