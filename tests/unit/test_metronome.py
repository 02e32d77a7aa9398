"""The beat: exact over a long time, spread over calls, and not disturbed by any member."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from types import SimpleNamespace

import pytest

from actors import metronome as metronome_module
from actors.clock import ManualClock
from actors.metronome import SLOT_S, SLOTS, SLOW_TICK_S, Metronome
from media.frame import FRAME_S
from tests.support.probes import ProbeRig, Script, fail

pytestmark = pytest.mark.unit

EXACT_S = 1e-6
"""What rounding may cost."""


class Member:
    """Writes its beats down."""

    def __init__(self, then: Callable[[], None] | None = None, label: str = "member") -> None:
        self.label = label
        self.beats_at: list[float] = []
        self.then = then

    def tick(self, now: float) -> None:
        self.beats_at.append(now)
        if self.then is not None:
            self.then()


class LateClock(ManualClock):
    """A clock whose timers come late, or a hair early, as those of a real loop do."""

    late_s = 0.0

    def call_later(self, delay_s: float, callback: Callable[[], None]):  # type: ignore[no-untyped-def]  # noqa: ANN201  # the base class's Timer
        return super().call_later(delay_s + self.late_s, callback)


def beating(count: int = 1) -> tuple[ManualClock, Metronome, list[Member]]:
    """Make a metronome with members."""
    clock = ManualClock()
    metronome = Metronome(clock)
    members = [Member() for _ in range(count)]
    for member in members:
        metronome.join(member)
    return clock, metronome, members


def beats(clock: ManualClock, count: int) -> None:
    """Let so many beats pass at once."""
    clock.advance(count * FRAME_S)


def beats_exactly(clock: ManualClock, count: int) -> None:
    """Let so many beats pass, a little beyond the last, in steps of a beat."""
    clock.advance(SLOT_S / 2)
    for _ in range(count):
        clock.advance(FRAME_S)


def intervals(member: Member) -> list[float]:
    return [after - before for before, after in pairwise(member.beats_at)]


def test_a_thousand_beats_are_twenty_milliseconds_apart_and_on_the_grid() -> None:
    clock, skipped = ManualClock(), list[int]()
    metronome, member = Metronome(clock, on_skipped=skipped.append), Member()
    metronome.join(member)
    beats_exactly(clock, 1000)
    assert len(member.beats_at) == 1000
    first_at = member.beats_at[0]
    for number, beat_at in enumerate(member.beats_at):
        assert beat_at == pytest.approx(first_at + number * FRAME_S, abs=EXACT_S)
    assert skipped == []


@pytest.mark.parametrize("late_s", [0.0015, -0.0008])
def test_timers_that_are_late_or_early_add_up_to_nothing(late_s: float) -> None:
    clock = LateClock()
    clock.late_s = late_s
    metronome, member = Metronome(clock), Member()
    metronome.join(member)
    for _ in range(1000):
        clock.advance(FRAME_S)
    assert 999 <= len(member.beats_at) <= 1001
    first_at = member.beats_at[0]
    for number, beat_at in enumerate(member.beats_at):
        assert beat_at == pytest.approx(first_at + number * FRAME_S, abs=EXACT_S)


def test_members_are_spread_evenly_over_the_slots() -> None:
    clock, _, members = beating(25)
    beats(clock, 3)
    phases = Counter(round(member.beats_at[-1] % FRAME_S / SLOT_S) % SLOTS for member in members)
    assert len(phases) == SLOTS
    assert set(phases.values()) == {2, 3}


def test_every_member_gets_every_beat() -> None:
    clock, _, members = beating(25)
    beats(clock, 100)
    for member in members:
        assert 99 <= len(member.beats_at) <= 100
        assert intervals(member) == pytest.approx([FRAME_S] * len(intervals(member)), abs=EXACT_S)


def test_one_timer_serves_any_number_of_members_and_none_is_set_for_nobody() -> None:
    clock, metronome, members = beating(25)
    assert clock.pending == 1
    beats(clock, 10)
    assert clock.pending == 1
    for member in members:
        metronome.leave(member)
    assert clock.pending == 0
    assert metronome.members == 0


def test_a_metronome_without_members_sets_no_timer() -> None:
    clock = ManualClock()
    Metronome(clock)
    assert clock.pending == 0


def test_who_joins_a_running_metronome_is_beaten_for_within_two_beats() -> None:
    clock, metronome, _ = beating()
    clock.advance(1.2345)
    newcomer, joined_at = Member(), clock.now()
    metronome.join(newcomer)
    beats(clock, 5)
    assert joined_at < newcomer.beats_at[0] <= joined_at + 2 * FRAME_S + EXACT_S
    assert max(intervals(newcomer)) == pytest.approx(FRAME_S, abs=EXACT_S)


def test_after_a_pause_without_members_the_beat_is_on_the_old_grid() -> None:
    clock, skipped = ManualClock(), list[int]()
    metronome, first = Metronome(clock, on_skipped=skipped.append), Member()
    metronome.join(first)
    beats(clock, 3)
    metronome.leave(first)
    clock.advance(0.777)
    second = Member()
    metronome.join(second)
    beats(clock, 3)
    since = (second.beats_at[0] - first.beats_at[0]) / SLOT_S
    assert since == pytest.approx(round(since), abs=1e-4)
    assert skipped == []


def test_who_has_left_hears_no_more_and_the_others_go_on() -> None:
    clock, metronome, (leaver, stayer) = beating(2)
    beats(clock, 5)
    metronome.leave(leaver)
    metronome.leave(leaver)
    heard = len(leaver.beats_at)
    beats(clock, 5)
    assert len(leaver.beats_at) == heard
    assert max(intervals(stayer)) == pytest.approx(FRAME_S, abs=EXACT_S)


def test_leaving_during_ones_own_beat_stops_the_timer() -> None:
    clock, metronome, (member,) = beating()
    member.then = lambda: metronome.leave(member)
    beats(clock, 5)
    assert len(member.beats_at) == 1
    assert clock.pending == 0


def test_who_leaves_during_a_beat_does_not_cost_the_neighbour_in_its_slot_a_beat() -> None:
    clock, metronome, members = beating(SLOTS + 1)
    leaver, neighbour = members[0], members[SLOTS]
    leaver.then = lambda: metronome.leave(leaver)
    beats(clock, 2)
    assert neighbour.beats_at[0] == leaver.beats_at[0], "they share a slot"
    assert len(leaver.beats_at) == 1


def test_joining_during_a_beat_gives_the_newcomer_the_same_beat_as_everyone() -> None:
    clock, metronome, (host,) = beating()
    newcomer = Member()

    def invite() -> None:
        if metronome.members == 1:
            metronome.join(newcomer)

    host.then = invite
    beats(clock, 100)
    for member in (host, newcomer):
        assert max(intervals(member)) == pytest.approx(FRAME_S, abs=EXACT_S)
        assert min(intervals(member)) == pytest.approx(FRAME_S, abs=EXACT_S)
    assert clock.pending == 1


def test_the_last_member_replacing_itself_during_its_beat_leaves_one_timer() -> None:
    clock, metronome, (last,) = beating()
    successor = Member()

    def hand_over() -> None:
        metronome.leave(last)
        metronome.join(successor)

    last.then = hand_over
    beats(clock, 50)
    assert len(last.beats_at) == 1
    assert clock.pending == 1
    assert successor.beats_at[0] <= last.beats_at[0] + FRAME_S + EXACT_S
    assert intervals(successor) == pytest.approx([FRAME_S] * len(intervals(successor)), abs=EXACT_S)


def test_a_stall_skips_beats_gives_one_and_keeps_the_absolute_grid() -> None:
    clock = LateClock()
    skipped: list[int] = []
    metronome = Metronome(clock, on_skipped=skipped.append)
    members = [Member() for _ in range(SLOTS)]
    for member in members:
        metronome.join(member)
    beats(clock, 10)
    clock.late_s = 0.501
    beats(clock, 1)
    clock.late_s = 0.0
    clock.advance(0.5)
    beats(clock, 10)
    assert sum(skipped) == pytest.approx(0.5 / SLOT_S, abs=SLOTS)
    for member in members:
        assert max(Counter(member.beats_at).values()) == 1, "no volley makes up for a stall"
        grid = (member.beats_at[-1] - member.beats_at[0]) / FRAME_S
        assert grid == pytest.approx(round(grid), abs=1e-4)
        assert intervals(member)[-9:] == pytest.approx([FRAME_S] * 9, abs=EXACT_S)


def test_a_slow_tick_is_reported_with_its_label_and_its_neighbours_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = SimpleNamespace(now=0.0)
    times.perf_counter = lambda: times.now
    monkeypatch.setattr(metronome_module, "time", times)

    def takes(seconds: float) -> Callable[[], None]:
        return lambda: setattr(times, "now", times.now + seconds)

    reports: list[tuple[str, float]] = []
    clock = ManualClock()
    metronome = Metronome(clock, lambda label, s: reports.append((label, round(s, 6))))
    for label, seconds in (("quick", 0.001), ("slow", 0.05), ("on the line", SLOW_TICK_S / 2)):
        for number in range(SLOTS):
            metronome.join(Member(takes(seconds) if number == 0 else None, label))
    beats(clock, 1)
    assert reports == [("slow", 0.05)]


def test_a_members_crash_leaves_the_wheel_and_everyone_elses_beat_alone() -> None:
    rig = ProbeRig()
    steady, doomed = Script(beats=True), Script(beats=True, on_beat=fail(ValueError("beat")))
    boxes = [rig.new_mailbox(name) for name in ("before", "doomed", "after")]
    refs = [
        rig.start(script, box) for script, box in zip((steady, doomed, steady), boxes, strict=True)
    ]
    rig.settle()
    assert rig.metronome.members == 3
    rig.advance(100 * FRAME_S)
    assert len(doomed.beats_at) == 1
    assert rig.metronome.members == 2
    assert 198 <= len(steady.beats_at) <= 200
    assert [ref.is_alive() for ref in refs] == [True, False, True]
    for ref in (refs[0], refs[2]):
        ref.stop(block=False)
    rig.settle()
    assert rig.clock.pending == 0
