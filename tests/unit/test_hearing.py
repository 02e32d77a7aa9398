"""What becomes of a failed recogniser: restarts, deafness, the fallback and the way back."""

from collections.abc import Iterator

import pytest

from actors.hearing import DEAF_MAX, EXHAUSTED_FACTOR, JITTER
from actors.messages import (
    FailDeaf,
    HearingGaveOut,
    HearingLost,
    HearingRestored,
    OpenStream,
    SingleFailed,
)
from tests.support.context import logged, staged
from tests.support.hearing import HearingRig

pytestmark = pytest.mark.unit

DEAF_AFTER_S = 1.8
GIVE_UP_S = 10.0
LONGEST_BACKOFF_S = 0.2 * JITTER[1]


@pytest.fixture
def rig() -> Iterator[HearingRig]:
    with staged(HearingRig) as stage:
        yield stage


# --- failures, by their class ---------------------------------------------------------


@pytest.mark.parametrize("status", ["UNAVAILABLE", "INTERNAL", "OK", "NOT_FOUND", "WHATEVER"])
def test_what_may_heal_is_restarted_after_the_backoff_and_counted(
    rig: HearingRig, status: str
) -> None:
    with logged() as lines:
        rig.fail(status)
    assert lines == [f"⚠️ [STT] Streaming start failed (attempt 1): {status}: scripted"]
    assert rig.starts == []
    rig.advance(0.2 * JITTER[0] - 0.001)
    assert rig.starts == []
    rig.advance(LONGEST_BACKOFF_S)
    assert rig.starts == ["streaming"]
    assert rig.child.restarts == 1
    assert rig.metric("child_restarts_total", child="stt") == 1


def test_a_crash_that_is_no_ending_is_restarted_and_its_text_is_not_shown(
    rig: HearingRig,
) -> None:
    with logged() as lines:
        rig.crash(ValueError("my secret"))
    assert lines == ["⚠️ [STT] Streaming start failed (attempt 1): ValueError"]
    rig.advance(LONGEST_BACKOFF_S)
    assert rig.starts == ["streaming"]


def test_an_exhausted_quota_waits_four_times_as_long(rig: HearingRig) -> None:
    rig.fail("RESOURCE_EXHAUSTED")
    rig.advance(EXHAUSTED_FACTOR * 0.2 * JITTER[0] - 0.001)
    assert rig.starts == []
    rig.advance(EXHAUSTED_FACTOR * 0.2 * (JITTER[1] - JITTER[0]) + 0.002)
    assert rig.starts == ["streaming"]


def test_the_fourth_failure_falls_back_at_once(rig: HearingRig) -> None:
    with logged() as lines:
        for _ in range(3):
            rig.fail()
            rig.advance(LONGEST_BACKOFF_S)
        assert rig.starts == ["streaming"] * 3
        rig.fail()
    assert rig.starts == ["streaming"] * 3 + ["single"]
    assert [line.split(":")[0] for line in lines] == [
        *(f"⚠️ [STT] Streaming start failed (attempt {number})" for number in (1, 2, 3, 4)),
        "❌ [STT] All streaming attempts failed — using fallback single request",
    ]
    assert rig.metric("stt_fallbacks_total", reason="exhausted") == 1


@pytest.mark.parametrize("status", ["PERMISSION_DENIED", "UNAUTHENTICATED", "FAILED_PRECONDITION"])
def test_what_will_not_heal_falls_back_at_once_with_an_alarm(rig: HearingRig, status: str) -> None:
    with logged() as lines:
        rig.fail(status)
    assert rig.starts == ["single"]
    assert rig.child.restarts == 0
    assert lines[0].startswith("🚨 [STT] Will not heal by itself")
    assert f"{status}: scripted" in lines[0]
    assert rig.metric("stt_fallbacks_total", reason="fatal") == 1


def test_the_fallback_has_restarts_of_its_own_and_then_the_call_ends(rig: HearingRig) -> None:
    rig.fail("PERMISSION_DENIED")
    for _ in range(3):
        rig.crash(ValueError())
        rig.advance(LONGEST_BACKOFF_S)
    assert rig.starts == ["single"] * 4
    assert rig.exhausted == []
    rig.crash(ValueError())
    rig.advance(1)
    assert [failure.child for failure in rig.exhausted] == ["stt"]
    assert rig.starts == ["single"] * 4


def test_a_fatal_status_in_the_fallback_is_a_crash_like_any_other(rig: HearingRig) -> None:
    rig.make(single=True)
    rig.fail("PERMISSION_DENIED")
    rig.advance(LONGEST_BACKOFF_S)
    assert rig.starts == ["single"]
    assert rig.child.restarts == 1


def test_results_over_thirty_seconds_give_the_restarts_back(rig: HearingRig) -> None:
    for _ in range(5):
        for _ in range(3):
            rig.fail()
            rig.advance(LONGEST_BACKOFF_S)
        for _ in range(4):
            rig.hearing.progressed(rig.clock.now())
            rig.advance(10.001)
    assert rig.starts == ["streaming"] * 15


# --- deafness -------------------------------------------------------------------------


def test_voice_without_a_sign_of_life_is_told_to_stt_within_two_seconds(rig: HearingRig) -> None:
    began_at = rig.clock.now()
    with logged() as lines:
        while not rig.stt.messages:
            rig.voice(0.1)
        assert rig.stt.messages == [FailDeaf()]
        assert rig.clock.now() - began_at <= 2.0
        assert rig.context.stats.stt_deaf == 0
        rig.fail("DEAF")
    assert lines == ["🦻 [STT] Deaf: voice and no sign of the recogniser (1 in a row)"]
    assert rig.metric("stt_deaf_total") == rig.context.stats.stt_deaf == 1


@pytest.mark.parametrize("sign", ["alive", "progressed"])
def test_signs_of_life_in_time_keep_it_from_being_deaf(rig: HearingRig, sign: str) -> None:
    for _ in range(20):
        rig.voice(DEAF_AFTER_S - 0.2)
        if sign == "alive":
            rig.hearing.alive(began=False)
        else:
            rig.hearing.progressed(rig.clock.now())
    rig.advance(60)
    assert rig.stt.messages == []


def test_a_new_stream_has_its_own_time(rig: HearingRig) -> None:
    rig.voice(1)
    rig.hearing.opened()
    rig.advance(DEAF_AFTER_S - 0.01)
    assert rig.stt.messages == []
    rig.advance(0.02)
    assert rig.stt.messages == [FailDeaf()]


def test_a_voice_that_is_over_is_waited_for_as_well(rig: HearingRig) -> None:
    rig.voice(0.3)
    rig.advance(DEAF_AFTER_S)
    assert rig.stt.messages == [FailDeaf()]


def test_a_cough_is_not_and_leaves_no_timer(rig: HearingRig) -> None:
    rig.voice(0.1)
    rig.advance(60)
    assert rig.stt.messages == []
    assert rig.clock.pending == 0


def test_there_is_never_more_than_one_look_to_come(rig: HearingRig) -> None:
    for _ in range(20):
        rig.voice(0.5)
        rig.hearing.opened()
        rig.hearing.alive(began=False)
        assert rig.clock.pending <= 1


def test_a_deaf_stream_is_replaced_at_once_and_costs_nothing(rig: HearingRig) -> None:
    rig.voice(2)
    rig.fail("DEAF")
    assert rig.starts == ["streaming"]
    assert rig.child.restarts == 0
    assert rig.child.budget == rig.child.spec.budget
    assert rig.metric("child_restarts_total", child="stt") == 0


def deafen(rig: HearingRig, times: int, *, pauses: bool) -> None:
    """Let streams be deaf, one after the other, to speech or to music."""
    for _ in range(times):
        declared = len(rig.stt.messages)
        while len(rig.stt.messages) == declared:
            rig.voice(1)
            if pauses:
                rig.advance(1)
        rig.fail("DEAF")
        rig.hearing.opened()


def test_three_times_deaf_to_speech_falls_back(rig: HearingRig) -> None:
    deafen(rig, DEAF_MAX, pauses=True)
    assert DEAF_MAX == 3
    assert rig.starts == ["streaming", "streaming", "single"]
    assert rig.metric("stt_fallbacks_total", reason="deaf") == 1


def test_music_never_falls_back_and_is_looked_at_more_and_more_rarely(rig: HearingRig) -> None:
    began_at, times = rig.clock.now(), list[float]()
    for _ in range(7):
        deafen(rig, 1, pauses=False)
        times.append(rig.clock.now() - began_at)
    gaps = [later - earlier for earlier, later in zip([0, *times], times, strict=False)]
    assert gaps == pytest.approx([1.9, 3.6, 7.2, 14.4, 28.8, 57.6, 60], abs=1.1)
    assert rig.starts == ["streaming"] * 7
    assert rig.child.budget == rig.child.spec.budget


def test_a_result_between_them_starts_the_count_of_deafness_anew(rig: HearingRig) -> None:
    for _ in range(3):
        deafen(rig, DEAF_MAX - 1, pauses=True)
        rig.hearing.progressed(rig.clock.now())
    assert rig.starts == ["streaming"] * 6


def test_the_fallback_is_never_deaf_it_has_time_limits_of_its_own(rig: HearingRig) -> None:
    rig.fail("PERMISSION_DENIED")
    rig.voice(30)
    rig.advance(60)
    assert rig.stt.messages == []


def test_voice_from_before_the_fallback_makes_nobody_deaf_after_it(rig: HearingRig) -> None:
    rig.voice(1)
    rig.fail("PERMISSION_DENIED")
    rig.advance(60)
    assert rig.stt.messages == []
    assert rig.clock.pending == 0


# --- what the agent is told -----------------------------------------------------------


def test_the_agent_is_told_once_when_it_is_lost_and_once_when_it_is_well(rig: HearingRig) -> None:
    rig.hearing.progressed(rig.clock.now())
    rig.fail()
    rig.fail()
    assert rig.agent.messages == [HearingLost()]
    rig.hearing.alive(began=False)
    rig.hearing.progressed(rig.clock.now())
    assert rig.agent.messages == [HearingLost(), HearingRestored()]
    rig.fail()
    assert rig.agent.messages == [HearingLost(), HearingRestored(), HearingLost()]


def test_a_stream_that_is_only_open_again_is_not_well_while_it_owes_an_answer(
    rig: HearingRig,
) -> None:
    rig.voice(0.3)
    rig.fail()
    rig.hearing.opened()
    assert rig.agent.messages == [HearingLost()]


def test_a_stream_that_is_open_again_is_well_when_there_is_nothing_to_answer(
    rig: HearingRig,
) -> None:
    rig.fail()
    rig.hearing.opened()
    assert rig.told() == ["HearingLost", "HearingRestored"]


# --- the fallback fails too -----------------------------------------------------------


def single_failed(rig: HearingRig, *, fatal: bool = False) -> None:
    rig.hearing.single_failed(SingleFailed("UNAVAILABLE", fatal))


@pytest.fixture
def fallen(rig: HearingRig) -> HearingRig:
    """A rig that recognises by single requests from the beginning."""
    rig.make(single=True)
    return rig


def test_it_gives_out_when_requests_have_failed_for_long_enough(fallen: HearingRig) -> None:
    single_failed(fallen)
    fallen.advance(GIVE_UP_S - 0.002)
    assert fallen.agent.messages == [HearingLost()]
    with logged() as lines:
        fallen.advance(0.002)
    assert fallen.agent.messages == [HearingLost(), HearingGaveOut()]
    assert lines == ["❌ [STT] Nobody recognises the caller any more: DEADLINE_EXCEEDED"]
    assert fallen.metric("stt_lost_total") == 1


def test_it_gives_out_once_however_often_requests_fail(fallen: HearingRig) -> None:
    for _ in range(20):
        single_failed(fallen)
        fallen.advance(3)
    assert fallen.told() == ["HearingLost", "HearingGaveOut"]


def test_it_gives_out_when_two_requests_say_that_no_other_can_do_better(
    fallen: HearingRig,
) -> None:
    single_failed(fallen, fatal=True)
    assert fallen.told() == ["HearingLost"]
    single_failed(fallen, fatal=True)
    assert fallen.told() == ["HearingLost", "HearingGaveOut"]


def test_one_fatal_answer_before_a_result_was_a_slip(fallen: HearingRig) -> None:
    single_failed(fallen, fatal=True)
    fallen.hearing.progressed(fallen.clock.now())
    single_failed(fallen, fatal=True)
    assert fallen.told() == ["HearingLost", "HearingRestored", "HearingLost"]


def test_a_result_in_time_calls_it_off_and_the_next_failure_counts_from_itself(
    fallen: HearingRig,
) -> None:
    single_failed(fallen)
    fallen.advance(GIVE_UP_S - 1)
    fallen.hearing.progressed(fallen.clock.now())
    fallen.advance(0.5)
    single_failed(fallen)
    fallen.advance(GIVE_UP_S - 0.1)
    assert fallen.told() == ["HearingLost", "HearingRestored", "HearingLost"]
    fallen.advance(0.2)
    assert fallen.told()[3:] == ["HearingGaveOut"]


def test_silence_before_the_first_failed_request_does_not_count(rig: HearingRig) -> None:
    rig.fail("PERMISSION_DENIED")
    rig.advance(300)
    single_failed(rig)
    rig.advance(1)
    rig.hearing.progressed(rig.clock.now())
    rig.advance(300)
    assert rig.told() == ["HearingLost", "HearingRestored"]


def test_it_may_give_out_again_after_it_was_well(fallen: HearingRig) -> None:
    for _ in range(2):
        single_failed(fallen, fatal=True)
        single_failed(fallen, fatal=True)
        fallen.hearing.progressed(fallen.clock.now())
    assert fallen.told() == ["HearingLost", "HearingGaveOut", "HearingRestored"] * 2


def test_a_timer_that_fires_a_little_early_is_set_again(fallen: HearingRig) -> None:
    single_failed(fallen)
    fallen.advance(GIVE_UP_S - 0.002)
    fallen.clock._timers.clear()
    fallen.hearing.give_up_due()
    assert HearingGaveOut() not in fallen.agent.messages
    fallen.advance(0.0025)
    assert fallen.agent.messages[-1] == HearingGaveOut()


# --- the way back ---------------------------------------------------------------------


def test_healthy_streams_are_used_again(rig: HearingRig) -> None:
    rig.fail("PERMISSION_DENIED")
    with logged() as lines:
        rig.hearing.streaming_healthy()
    assert not rig.parts.stt_single
    assert rig.stt.messages == [OpenStream(single=False)]
    assert lines == ["✅ [STT] Streaming resumed"]
    assert rig.metric("stt_resumed_total") == 1
    assert rig.starts == ["single"]


def test_healthy_streams_are_no_news_while_it_streams(rig: HearingRig) -> None:
    rig.hearing.streaming_healthy()
    assert rig.stt.messages == []
    assert rig.metric("stt_resumed_total") == 0


def test_after_the_way_back_one_failure_falls_back_until_results_refill_the_budget(
    rig: HearingRig,
) -> None:
    rig.fail("PERMISSION_DENIED")
    rig.hearing.streaming_healthy()
    rig.fail()
    assert rig.starts == ["single", "single"]
    rig.hearing.streaming_healthy()
    for _ in range(4):
        rig.hearing.progressed(rig.clock.now())
        rig.advance(10.001)
    rig.fail()
    rig.advance(LONGEST_BACKOFF_S)
    assert rig.starts == ["single", "single", "streaming"]


@pytest.mark.parametrize(("single", "tries"), [(False, 0), (True, 3)])
def test_only_a_result_of_a_stream_lets_the_next_fallback_try_soon(
    rig: HearingRig, *, single: bool, tries: int
) -> None:
    rig.make(single=single)
    rig.parts.stt_state.probes = 3
    rig.hearing.progressed(rig.clock.now())
    assert rig.parts.stt_state.probes == tries


def test_nothing_is_called_after_the_owner_has_ended(rig: HearingRig) -> None:
    rig.make(single=True)
    rig.hearing.release()
    for _ in range(4):
        rig.crash(ValueError())
    assert rig.exhausted == []
    assert rig.clock.pending == 0


def test_a_recogniser_that_speaks_up_only_at_the_end_is_never_called_deaf(rig: HearingRig) -> None:
    rig.make(signs_of_life=False)
    rig.voice(30)
    assert rig.stt.messages == []
    assert rig.clock.pending == 0
