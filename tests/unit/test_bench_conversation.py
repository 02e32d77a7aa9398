"""The conversation bench's measuring: what is stale, what is ours of a turn, what is missed."""

from dataclasses import replace
from itertools import chain

import pytest

from bench.conversation import Row, RowResult
from bench.conversation_calls import MAX_MESSAGES, Arrived, HeldCall, Journal, Said
from bench.conversation_measure import (
    GRID_S,
    Engines,
    Outcome,
    Pace,
    Turn,
    engines_of,
    outcome_of,
    stale_of,
)
from bench.conversation_table import line_of, misses
from bench.conversation_words import Heard, audio_of, heard_in, is_first, number_of, reply_words
from media.frame import FRAME_BYTES, SILENCE_FRAME
from phone.report import CallReport
from phone.server_messages import Clear, Mark, Media, ServerMessage

pytestmark = pytest.mark.unit

PACE = Pace(quiet_s=0.3, thinking_s=0.1, token_s=0.2, word_s=0.02, audio_s=0.1)


def frames(text: str, count: int, start: int = 0) -> list[ServerMessage]:
    audio = b"".join(audio_of(text))
    payloads = [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]
    return [Media(payload) for payload in payloads[start : start + count]]


def texts(number: int) -> tuple[str, str]:
    first, rest = reply_words(number)
    return " ".join(first), " ".join(rest)


def whole(number: int) -> list[ServerMessage]:
    first, rest = texts(number)
    pause = [Media(SILENCE_FRAME)] * 10
    return [*frames(first, 1000), *pause, *frames(rest, 1000)]


def heard(*parts: list[ServerMessage]) -> list[Arrived]:
    return [Arrived(at * 0.02, message) for at, message in enumerate(chain(*parts))]


# --- what the agent says ---------------------------------------------------------------


def test_each_frame_of_a_reply_tells_its_number_its_text_and_its_place() -> None:
    first, rest = texts(321)
    assert (number_of(first), number_of(rest)) == (321, 321)
    assert (is_first(first), is_first(rest)) == (True, False)
    audio = b"".join(audio_of(rest))
    assert heard_in(audio[FRAME_BYTES * 7 : FRAME_BYTES * 8]) == Heard(321, 1, 7)


def test_a_text_without_a_number_is_of_no_reply() -> None:
    assert heard_in(next(audio_of("Hello there."))[:FRAME_BYTES]) == Heard(0, 0, 0)
    assert heard_in(SILENCE_FRAME) is None


def test_more_replies_than_a_stamp_can_hold_are_refused() -> None:
    with pytest.raises(ValueError, match="65535"):
        reply_words(65_536)


# --- what is stale ---------------------------------------------------------------------


def test_replies_in_order_are_not_stale() -> None:
    assert stale_of(heard(frames("Hello there.", 1000), whole(1), whole(2))) == (0, 0)


def test_a_new_reply_after_a_clear_is_not_stale() -> None:
    said = frames(texts(1)[0], 20)
    assert stale_of(heard(said, [Clear()], whole(2))) == (0, 0)


@pytest.mark.parametrize("late", [1, 3])
def test_frames_of_the_old_reply_after_a_clear_are_stale(late: int) -> None:
    first = texts(1)[0]
    messages = heard(frames(first, 20), [Clear()], frames(first, late, 20), whole(2))
    assert stale_of(messages) == (late, 0)


def test_old_frames_behind_the_beginning_of_the_new_reply_are_stale() -> None:
    old, new = texts(1)[0], texts(2)[0]
    mixed = [*frames(new, 5), *frames(old, 2, 20), *frames(new, 5, 5)]
    assert stale_of(heard(frames(old, 20), [Clear()], mixed)) == (2, 0)


def test_silence_of_the_old_reply_after_a_clear_is_stale() -> None:
    pause: list[ServerMessage] = [Media(SILENCE_FRAME)] * 2
    assert stale_of(heard(frames(texts(1)[0], 20), [Clear()], pause, whole(2))) == (2, 0)


def test_a_frame_that_is_missing_in_the_middle_is_out_of_order() -> None:
    first = texts(1)[0]
    assert stale_of(heard(frames(first, 5), frames(first, 5, 6))) == (5, 0)


def test_a_reply_that_goes_on_after_a_clear_is_counted_and_not_stale() -> None:
    first = texts(1)[0]
    again = heard(frames(first, 20), [Clear()], frames(first, 1000, 5))
    assert stale_of(again) == (0, 1)


def test_an_older_reply_is_stale_whatever_its_frame() -> None:
    messages = heard(whole(1), whole(2), [Clear()], frames(texts(1)[0], 4))
    assert stale_of(messages) == (4, 0)


# --- what is ours of a turn ------------------------------------------------------------


def held(said: Said, messages: list[Arrived]) -> HeldCall:
    return HeldCall(CallReport("CA"), Journal(messages), [said])


def engines(said: str = "bafe gohu", number: int = 7) -> Engines:
    asked = {"said": said, "number": number, "asked_at": 5.0, "sentence_at": 5.28}
    spoken = {"text": texts(number)[0], "asked_at": 6.0, "audio_at": 6.11}
    return engines_of({"asked": [asked]}, {"spoken": [spoken]})


def test_our_share_of_a_turn_is_what_engines_hangover_and_grid_leave() -> None:
    said = Said("bafe gohu", interrupts=False, started_at=9.0, ended_at=10.0)
    answer = Arrived(10.0 + 0.18 + 0.28 + 0.11 + GRID_S + 0.007, frames(texts(7)[0], 1)[0])
    outcome = outcome_of(held(said, [answer]), PACE, engines(), {"latencies": [{"total_ms": 595}]})
    [turn] = outcome.turns
    assert turn.total_s == pytest.approx(0.597)
    assert turn.engines_s == pytest.approx(0.39)
    assert turn.own_s == pytest.approx(0.007)
    assert turn.server_s == pytest.approx(0.005)


def test_the_recognisers_part_is_the_later_of_hangover_and_partial_or_the_final() -> None:
    assert PACE.recognition_s == pytest.approx(0.18)
    assert replace(PACE, thinking_s=0.25).recognition_s == pytest.approx(0.31)
    assert replace(PACE, early=False).recognition_s == pytest.approx(0.46)


def test_a_timeline_with_other_turns_than_ours_is_not_set_against_them() -> None:
    said = Said("bafe gohu", interrupts=False, started_at=9.0, ended_at=10.0)
    answer = Arrived(10.6, frames(texts(7)[0], 1)[0])
    two = {"latencies": [{"total_ms": 595}, {"total_ms": 595}]}
    assert outcome_of(held(said, [answer]), PACE, engines(), two).turns[0].server_s is None


def test_an_answer_to_other_words_is_none() -> None:
    said = Said("bafe gohu", interrupts=False, started_at=9.0, ended_at=10.0)
    answer = Arrived(10.6, frames(texts(7)[0], 1)[0])
    outcome = outcome_of(held(said, [answer]), PACE, engines("other words"), {})
    assert (outcome.turns, outcome.unanswered) == ((), 1)


def test_a_barge_in_lasts_from_the_voice_to_the_clear() -> None:
    said = Said("bafe gohu", interrupts=True, started_at=9.0, ended_at=10.0)
    messages = [Arrived(8.5, Clear()), Arrived(9.162, Clear()), Arrived(9.9, Clear())]
    outcome = outcome_of(held(said, messages), PACE, engines(), {})
    assert list(outcome.barge_ins_s) == pytest.approx([0.162])
    assert outcome.ignored == 0


def test_an_interruption_without_a_clear_before_its_end_is_ignored() -> None:
    said = Said("bafe gohu", interrupts=True, started_at=9.0, ended_at=10.0)
    outcome = outcome_of(held(said, [Arrived(10.1, Clear())]), PACE, engines(), {})
    assert (outcome.barge_ins_s, outcome.ignored) == ((), 1)


def test_a_journal_is_bounded_and_says_what_it_left_out() -> None:
    journal = Journal()
    for _ in range(MAX_MESSAGES + 2):
        journal.take(Mark("a#1"), 0.0)
    assert (len(journal.messages), journal.unkept) == (MAX_MESSAGES, 2)
    said = Said("bafe gohu", interrupts=False, started_at=9.0, ended_at=10.0)
    call = HeldCall(CallReport("CA"), journal, [said])
    assert outcome_of(call, PACE, engines(), {}).failures == (
        "2 messages of the server were not kept",
    )


# --- the table -------------------------------------------------------------------------

GOOD = Outcome(
    turns=(Turn(total_s=0.6, engines_s=0.4, own_s=0.005, server_s=0.004),),
    unanswered=0,
    barge_ins_s=(0.161,),
    ignored=0,
    stale=0,
    resumed=0,
    failures=(),
)


def result(*calls: Outcome, target: str | None = "own") -> RowResult:
    row = Row("known", 50, PACE, target)
    return RowResult(
        row, calls, load=0.2, phone_late_p99_ms=3.0, cpu_percent=44.0, waited_percent=1.0
    )


def turned(**seconds: float) -> Outcome:
    return replace(GOOD, turns=(replace(GOOD.turns[0], **seconds),))


def test_a_good_row_misses_nothing_and_is_one_line() -> None:
    assert not list(misses(result(GOOD)))
    assert "\n" not in line_of(result(GOOD))
    assert "161 / 161 ms" in line_of(result(GOOD))


@pytest.mark.parametrize(
    ("call", "target", "what"),
    [
        (turned(own_s=0.031), "own", "our own share"),
        (turned(total_s=1.2), "answer", "first audio"),
        (replace(GOOD, barge_ins_s=(0.26,)), None, "barge-in"),
        (replace(GOOD, barge_ins_s=()), None, "barge-in"),
        (replace(GOOD, stale=1), None, "cleared playback"),
        (replace(GOOD, unanswered=1), None, "without an answer"),
        (replace(GOOD, ignored=1), None, "without a clear"),
        (replace(GOOD, failures=("an underrun",)), None, "an underrun"),
    ],
)
def test_whatever_is_not_as_promised_is_a_miss(
    call: Outcome, target: str | None, what: str
) -> None:
    [line] = misses(result(call, target=target))
    assert what in line


def test_turns_for_which_the_machine_had_no_core_are_not_judged() -> None:
    busy = turned(own_s=0.2, waited=0.3)
    assert not list(misses(result(busy, GOOD, GOOD)))
    assert "too busy" in "".join(misses(result(busy, busy, GOOD)))


def test_a_row_is_judged_by_its_own_target_alone() -> None:
    assert not list(misses(result(turned(own_s=0.2), target="answer")))
    assert not list(misses(result(turned(total_s=3.0), target="own")))


def test_a_row_without_turns_has_not_met_its_target() -> None:
    assert list(misses(result(replace(GOOD, turns=()), target="own")))
    assert "-" in line_of(result(replace(GOOD, turns=())))
