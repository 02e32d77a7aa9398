"""The agent's echo is not the caller, and the caller over it is. Synthetic voices, fixed."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.echo import ECHO_FRAMES, IN_FLIGHT_FRAMES, UNPLAYED_FRAMES, EchoGuard
from media.echo_path import LEARNED_BLOCKS
from media.frame import FRAME_MS, SILENCE_FRAME
from tests.support.talk import (
    AGENT_HZ,
    CALLER_HZ,
    Sound,
    TalkLine,
    confirmed_at,
    echo_of,
    frames,
    silence,
    started_at,
    talk,
)

pytestmark = pytest.mark.unit

REPLIES = 50
LOUD = bytes([0x80, 0x00] * 80)
SOFT = bytes([0xC0, 0x40] * 80)
ECHOES = [(delay, db) for delay in (100, 200, 300, 450, 600) for db in (-20.0, -12.0)]


class NoGuard(EchoGuard):
    def stands_out(self, payload: bytes, timestamp_ms: int) -> bool:
        return True


@pytest.fixture(scope="module")
def replies() -> list[Sound]:
    return [talk(seed, 2400, AGENT_HZ) for seed in range(REPLIES)]


@pytest.fixture(scope="module")
def callers() -> list[Sound]:
    return [talk(100 + seed, 1500, CALLER_HZ) for seed in range(10)]


def caller_from(at_ms: int, caller: Sound, gain_db: float = 0.0) -> Sound:
    return np.concatenate((silence(at_ms), caller * 10 ** (gain_db / 20)))


@pytest.mark.parametrize("echo", ECHOES)
def test_the_echo_of_fifty_replies_never_interrupts(
    echo: tuple[int, float], replies: list[Sound]
) -> None:
    line = TalkLine(echo)
    edges = [line.reply(reply) for reply in replies]
    assert [confirmed_at(one) for one in edges] == [[]] * REPLIES


@pytest.mark.parametrize("echo", ECHOES)
def test_the_echo_of_a_greeting_never_interrupts(
    echo: tuple[int, float], replies: list[Sound]
) -> None:
    assert [confirmed_at(TalkLine(echo).reply(reply)) for reply in replies[:10]] == [[]] * 10


@pytest.mark.parametrize("echo", [(300, -20.0), (300, -12.0)])
def test_without_the_guard_that_echo_does_interrupt(
    echo: tuple[int, float], replies: list[Sound]
) -> None:
    line = TalkLine(echo)
    line.voice.echo = NoGuard()
    assert all(confirmed_at(line.reply(reply)) for reply in replies[:5])


@pytest.mark.parametrize("echo", ECHOES)
def test_callers_over_the_echo_are_confirmed_nearly_all_within_400_ms(
    echo: tuple[int, float], replies: list[Sound], callers: list[Sound]
) -> None:
    line = TalkLine(echo)
    for reply in replies[-3:]:
        line.reply(reply)
    waits = [
        next((at - 900 for at in confirmed_at(line.reply(reply, caller_from(900, caller)))), 9999)
        for reply, caller in zip(replies, callers, strict=False)
    ]
    assert sorted(waits)[len(waits) // 2] <= 300
    assert sum(wait <= 400 for wait in waits) >= 8
    assert max(waits) <= 700


@pytest.mark.parametrize("gain_db", [0.0, -15.0])
def test_without_echo_a_caller_is_confirmed_as_fast_as_without_the_guard(
    gain_db: float, replies: list[Sound], callers: list[Sound]
) -> None:
    guarded, free = TalkLine(None), TalkLine(None)
    free.voice.echo = NoGuard()
    guarded.reply(replies[-1])
    free.reply(replies[-1])
    for reply, caller in zip(replies, callers, strict=False):
        over = caller_from(900, caller, gain_db)
        assert guarded.reply(reply, over) == free.reply(reply, over)


def test_a_caller_before_anything_was_played_is_not_held_back(callers: list[Sound]) -> None:
    guard = EchoGuard()
    assert all(
        guard.stands_out(frame, at * FRAME_MS) for at, frame in enumerate(frames(callers[0]))
    )


def test_an_echo_that_begins_in_the_middle_of_a_call_interrupts_once_and_is_learned(
    replies: list[Sound],
) -> None:
    line = TalkLine(None)
    for reply in replies[:8]:
        line.reply(reply)
    line.line_echo = (300, -12.0)
    interrupted = [bool(confirmed_at(line.reply(reply))) for reply in replies[8:28]]
    assert sum(interrupted) <= 2
    assert not any(interrupted[3:])


def test_the_callers_speech_teaches_nothing(replies: list[Sound], callers: list[Sound]) -> None:
    line = TalkLine(None)
    line.reply(replies[0])
    line.reply(replies[1])
    path = line.voice.echo._path
    before = path._coupling.max()
    line.reply(replies[2], np.concatenate([caller * 0.5 for caller in callers[:3]]))
    assert path._coupling.max() <= max(before * 1.2, 0.12)


def test_a_line_on_which_no_echo_can_be_heard_is_known_sooner_and_studied_no_more(
    replies: list[Sound],
) -> None:
    line = TalkLine(None)
    path = line.voice.echo._path
    line.reply(replies[0])
    assert path.silent
    assert path.known
    blocks = path._blocks
    assert blocks < LEARNED_BLOCKS
    for reply in replies[1:4]:
        line.reply(reply)
    assert path._blocks == blocks


def test_an_echo_on_a_silent_line_ends_the_silence(replies: list[Sound]) -> None:
    line = TalkLine(None)
    line.reply(replies[0])
    line.line_echo = (300, -12.0)
    for reply in replies[1:4]:
        line.reply(reply)
    assert not line.voice.echo._path.silent


def test_the_verdict_does_not_depend_on_the_level_of_the_line(replies: list[Sound]) -> None:
    verdicts: list[list[bool]] = []
    for gain in (0.5, 1.0, 2.0):
        guard = EchoGuard()
        agent = np.concatenate((replies[0], silence(600))) * gain
        heard = echo_of(agent, 200, -12.0)
        heard[12_000:20_000] += replies[1][:8000] * gain
        both = zip(frames(agent), frames(heard), strict=True)
        verdict: list[bool] = []
        for at, (out, back) in enumerate(both):
            guard.played(out)
            verdict.append(guard.stands_out(back, at * FRAME_MS))
        verdicts.append(verdict)
    for other in (verdicts[0], verdicts[2]):
        same = sum(a == b for a, b in zip(verdicts[1], other, strict=True))
        assert same >= 0.93 * len(other)


def test_what_was_cleared_is_not_expected_back() -> None:
    guard = EchoGuard()
    for _ in range(100):
        guard.played(LOUD)
    guard.cleared()
    verdicts = [guard.stands_out(SILENCE_FRAME, 20 * n) for n in range(IN_FLIGHT_FRAMES)]
    assert all(verdicts)
    assert not guard._unplayed


def test_a_reply_of_any_chunks_is_the_same_reply() -> None:
    whole, cut = EchoGuard(), EchoGuard()
    whole.played(LOUD * 3)
    for _ in range(3):
        cut.played(LOUD)
    assert whole._unplayed == cut._unplayed


def test_long_after_the_last_reply_the_guard_is_idle() -> None:
    guard = EchoGuard()
    guard.played(LOUD)
    verdicts = [guard.stands_out(SOFT, 20 * n) for n in range(ECHO_FRAMES + 2)]
    assert not verdicts[0]
    assert verdicts[-1]
    assert guard._live_frames == 0


def test_frames_that_never_came_let_the_player_go_on() -> None:
    guard = EchoGuard()
    guard.stands_out(SILENCE_FRAME, 0)
    for _ in range(60):
        guard.played(LOUD)
    guard.stands_out(SILENCE_FRAME, 20 * 58)
    assert len(guard._unplayed) == 2


FRAMES = [SILENCE_FRAME, SOFT, LOUD]
SENT = st.lists(
    st.tuples(st.sampled_from(["play", "clear", "hear", "skip"]), st.sampled_from(FRAMES)),
    max_size=400,
)


@settings(derandomize=True, database=None, deadline=None, max_examples=50)
@given(SENT)
def test_nothing_grows_and_nothing_raises(events: list[tuple[str, bytes]]) -> None:
    guard, at_ms = EchoGuard(), 0
    for kind, payload in events:
        if kind == "play":
            guard.played(payload * 3)
        elif kind == "clear":
            guard.cleared()
        else:
            at_ms += 20 if kind == "hear" else 100_000
            guard.stands_out(payload, at_ms)
        assert len(guard._unplayed) <= UNPLAYED_FRAMES
        assert 0 <= guard._live_frames <= ECHO_FRAMES
        assert np.isfinite(guard._path._coupling).all()


@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@given(st.lists(st.binary(min_size=160, max_size=160), max_size=100))
def test_silence_is_never_held_back(played: list[bytes]) -> None:
    guard = EchoGuard()
    for at, payload in enumerate(played):
        guard.played(payload)
        assert guard.stands_out(SILENCE_FRAME, 20 * at)


def test_the_guard_of_a_call_is_a_few_kilobytes() -> None:
    guard = EchoGuard()
    for _ in range(UNPLAYED_FRAMES + 1):
        guard.played(LOUD)
    path = guard._path
    arrays = [getattr(path, name) for name in path.__slots__]
    size = sum(a.nbytes + 112 for a in arrays if isinstance(a, np.ndarray) and a.base is None)
    size += sys.getsizeof(guard._unplayed) + 28 * UNPLAYED_FRAMES
    assert size < 10_000


def test_edges_of_an_echo_do_not_even_start_on_a_known_line(replies: list[Sound]) -> None:
    line = TalkLine((300, -12.0))
    edges = [line.reply(reply) for reply in replies[:20]]
    assert sum(len(started_at(one)) for one in edges) <= 1
