"""The streaming session: what follows an ending, finishing early, and changing by plan."""

from collections.abc import Iterator

import pytest

from actors.messages import (
    FailDeaf,
    FinalTranscript,
    SttAlive,
    SttOpened,
    SttProgress,
    SttSettled,
)
from actors.stt_stream import REFUSALS_MAX, SHORT_LIFE_S
from media.frame import FRAME_MS, SILENCE_FRAME
from speech import ports
from speech.failure import Failure
from tests.support.call import settings
from tests.support.context import logged, staged
from tests.support.engines import word
from tests.support.stt import SttRig

pytestmark = pytest.mark.unit

ROLLOVERS = ["OK", "OUT_OF_RANGE", "ABORTED"]
HANGOVER_FRAMES = settings().stt_hangover_ms // FRAME_MS


@pytest.fixture
def rig() -> Iterator[SttRig]:
    with staged(SttRig) as stage:
        yield stage


# --- signs of life --------------------------------------------------------------------


def test_the_call_is_told_when_a_stream_is_open_and_of_every_sign_of_life(rig: SttRig) -> None:
    rig.by_hand()
    rig.start()
    assert rig.call.messages == [SttOpened()]
    rig.advance(1)
    rig.says(ports.SpeechActivity(began=True), ports.SpeechActivity(began=False))
    assert rig.call.messages[1:] == [SttAlive(began=True), SttAlive(began=False)]
    rig.says(ports.Partial("a"), ports.Final("a", 20.0))
    progress = SttProgress(rig.clock.now())
    assert rig.call.messages[3:] == [progress, progress, SttSettled()]


def test_a_deaf_stream_fails_the_actor_when_it_is_told_so(rig: SttRig) -> None:
    rig.start()
    with logged():
        rig.mailbox.post(FailDeaf())
        rig.settle()
    assert rig.failure.failure is Failure.DEAF
    assert rig.stream.cancelled


# --- normal endings -------------------------------------------------------------------


@pytest.mark.parametrize("status", ROLLOVERS)
def test_a_normal_ending_is_followed_by_a_new_stream_at_once(rig: SttRig, status: str) -> None:
    rig.by_hand()
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Final("x", 400.0))
    with logged() as lines:
        rig.says(ports.StreamEnded(status, "bye"))
    assert rig.failures == []
    assert len(rig.recognizer.streams) == 2
    assert rig.stream.written == b"".join(word(1, 10))
    assert rig.call.of(SttOpened) == [SttOpened()] * 2
    assert lines == [
        f"🔄 [STT] Stream ended by the recogniser ({status})",
        "🟢 STT_SESSION: ready",
    ]


def test_a_second_normal_ending_of_a_young_stream_without_a_result_is_a_failure(
    rig: SttRig,
) -> None:
    rig.by_hand()
    rig.start()
    with logged():
        rig.says(ports.StreamEnded("OK"))
        rig.advance(SHORT_LIFE_S - 0.1)
        rig.says(ports.StreamEnded("OK"))
    assert rig.failure.failure is Failure.ROLLOVER
    assert str(rig.failure) == "OK: the stream was closed while the call lives"
    assert len(rig.recognizer.streams) == 2


def test_streams_that_live_long_enough_may_end_normally_for_ever(rig: SttRig) -> None:
    rig.by_hand()
    rig.start()
    for _ in range(20):
        rig.advance(SHORT_LIFE_S)
        rig.says(ports.StreamEnded("OUT_OF_RANGE"))
    assert rig.failures == []
    assert len(rig.recognizer.streams) == 21


FINALS = [
    ports.Final("a", 0.0),
    ports.Final("", 0.0),
    ports.Partial("I want to book a table.", 0.9, 0.0),
]


@pytest.mark.parametrize("result", FINALS, ids=["final", "empty final", "early final"])
def test_streams_that_finish_something_may_end_normally_for_ever(
    rig: SttRig, result: ports.RecognizerEvent
) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    for _ in range(20):
        rig.says(result, ports.StreamEnded("OK"))
    assert rig.failures == []
    assert len(rig.recognizer.streams) == 21


@pytest.mark.parametrize("sign", [ports.SpeechActivity(began=True), ports.Partial("a")])
def test_a_sign_of_life_that_a_replay_would_bring_again_is_no_result(
    rig: SttRig, sign: ports.RecognizerEvent
) -> None:
    rig.by_hand()
    rig.start()
    with logged():
        for _ in range(2):
            rig.says(sign, ports.StreamEnded("OK"))
    assert rig.failure.status == "OK"


def test_audio_that_is_sent_again_does_not_make_a_stream_old(rig: SttRig) -> None:
    rig.by_hand()
    for payload in word(1, 700):
        rig.state.ring.append(payload, voiced=True)
    rig.start()
    with logged():
        rig.says(ports.StreamEnded("OK"), ports.StreamEnded("OK"))
    assert rig.failure.status == "OK"


def test_nothing_is_heard_of_the_stream_that_has_been_replaced(rig: SttRig) -> None:
    rig.by_hand()
    rig.start()
    old = rig.stream
    rig.says(ports.StreamEnded("OK"))
    old.cancelled = False
    old.say(ports.Final("ghost", 0.0))
    old.say(ports.StreamEnded("UNAVAILABLE"))
    rig.settle()
    assert rig.finals == []
    assert rig.failures == []


def test_a_partial_that_waits_when_the_stream_ends_is_not_passed_on(rig: SttRig) -> None:
    rig.by_hand()
    rig.start()
    rig.says(ports.Partial("a"), ports.Partial("a b"), ports.StreamEnded("OK"))
    rig.advance(1)
    assert rig.partials == ["a"]


def test_a_stream_that_replaces_another_has_its_own_time_to_open(rig: SttRig) -> None:
    rig.opens(True, False)
    rig.by_hand()
    rig.start()
    rig.advance(5)
    rig.says(ports.StreamEnded("OK"))
    rig.advance(0.799)
    assert rig.failures == []
    with logged():
        rig.advance(0.002)
    assert rig.failure.status == "DEADLINE_EXCEEDED"
    assert rig.clock.pending == 0


# --- refused configurations -----------------------------------------------------------


def test_a_refused_configuration_is_followed_by_the_next_one_at_once(rig: SttRig) -> None:
    rig.opens("NOT_FOUND", "NOT_FOUND")
    rig.start()
    assert rig.failures == []
    assert len(rig.recognizer.streams) == 3
    rig.hear(1, 2)
    assert rig.finals == ["w1"]


def test_refusals_in_a_row_are_free_up_to_a_bound_and_one_more_is_a_failure(rig: SttRig) -> None:
    rig.opens(*["NOT_FOUND"] * (REFUSALS_MAX + 1))
    with logged():
        rig.start()
    assert rig.failure.failure is Failure.CONFIG
    assert len(rig.recognizer.streams) == REFUSALS_MAX + 1


def test_a_final_between_refusals_starts_the_count_anew(rig: SttRig) -> None:
    rig.by_hand()
    rig.start()
    for _ in range(3):
        for _ in range(REFUSALS_MAX):
            rig.says(ports.StreamEnded("INVALID_ARGUMENT", "model not supported"))
        rig.says(ports.Final("a", 0.0))
    assert rig.failures == []


# --- finishing early ------------------------------------------------------------------


def early(rig: SttRig) -> list[tuple[str, bool]]:
    return [(final.text, final.early) for final in rig.agent.of(FinalTranscript)]


STRONG = "I want to book a table."


def test_a_strong_partial_is_a_final_and_lets_go_of_the_audio_it_covers(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG, 0.1, 500.0))
    assert early(rig) == [(STRONG, True)]
    assert rig.state.ring.start == 25


def test_an_engine_whose_partials_are_not_good_enough_is_waited_for(rig: SttRig) -> None:
    rig.by_hand(early_finals=False)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG, 0.9, 500.0))
    rig.quiet(100)
    assert rig.finals == []
    assert rig.state.ring.start == 0


def test_a_stable_partial_is_a_final_after_the_hangover(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("two", 0.9, 580.0))
    rig.quiet(HANGOVER_FRAMES - 1)
    assert rig.finals == []
    rig.quiet(1)
    assert early(rig) == [("two", True)]
    assert rig.state.ring.start == 29
    rig.quiet(100)
    assert len(rig.finals) == 1


@pytest.mark.parametrize(("end_ms", "start"), [(580.0, 29), (600.0, 30), (900.0, 30), (None, 30)])
def test_the_ring_is_never_cut_behind_the_point_where_it_went_quiet(
    rig: SttRig, end_ms: float | None, start: int
) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("two", 0.9, end_ms))
    rig.quiet(HANGOVER_FRAMES)
    assert rig.state.ring.start == start


def test_a_strong_partial_of_unknown_end_waits_until_the_voice_is_quiet(
    rig: SttRig,
) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG))
    assert early(rig) == []
    assert rig.state.ring.start == 0
    rig.quiet(30)
    assert early(rig) == [(STRONG, True)]
    assert 0 < rig.state.ring.start <= 30


def test_the_real_final_says_nothing_new_and_lets_go_of_the_rest(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG, 0.1, 500.0), ports.Final(STRONG, 560.0))
    assert early(rig) == [(STRONG, True)]
    assert rig.state.ring.start == 28


def test_words_behind_an_early_final_come_as_partials_and_a_revision(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG, 0.1, 500.0))
    rig.says(ports.Partial(STRONG, 0.1, 500.0), ports.Partial(f"{STRONG} now", 0.1))
    rig.says(ports.Final(f"{STRONG} Now!", 560.0))
    assert rig.partials == [STRONG, f"{STRONG} now"]
    revision = rig.agent.of(FinalTranscript)[1]
    assert (revision.utterance, revision.text, revision.revises) == (1, f"{STRONG} Now!", True)


def test_the_same_word_again_has_to_stay_unchanged_for_as_long_as_the_first_time(
    rig: SttRig,
) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("yes", 0.1, 500.0), ports.Final("yes", 600.0))
    rig.hear(1, frames=30)
    rig.quiet(HANGOVER_FRAMES)
    rig.says(ports.Partial("yes", 0.1, 1100.0))
    rig.quiet(HANGOVER_FRAMES // 2)
    assert early(rig) == [("yes", False)]
    rig.quiet(HANGOVER_FRAMES)
    assert early(rig) == [("yes", False), ("yes", True)]


def test_an_old_partial_ends_nothing_after_its_real_final(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("two", 0.9, 580.0), ports.Final("two", 600.0))
    rig.quiet(100)
    assert early(rig) == [("two", False)]


@pytest.mark.parametrize("status", ["OK", "NOT_FOUND"])
def test_an_old_partial_ends_nothing_on_the_next_stream(rig: SttRig, status: str) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("two", 0.9, 580.0), ports.StreamEnded(status))
    rig.quiet(100)
    assert rig.finals == []
    assert rig.stream.written == b"".join([*word(1, 30), *[SILENCE_FRAME] * 99])


def test_a_stream_that_ends_after_an_early_final_does_not_bring_it_again(rig: SttRig) -> None:
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial(STRONG, 0.1, 600.0), ports.StreamEnded("OK"))
    rig.hear(2, frames=6)
    assert rig.stream.written == b"".join(word(2, 6))
    rig.says(ports.Final("now", 120.0))
    assert early(rig) == [(STRONG, True), ("now", False)]
    assert [final.utterance for final in rig.agent.of(FinalTranscript)] == [1, 2]


@pytest.mark.parametrize("batch_ms", [20, 60, 200, 500])
def test_no_audio_is_let_go_of_that_the_stream_has_not_heard(rig: SttRig, batch_ms: int) -> None:
    rig.set(stt_batch_ms=batch_ms)
    rig.by_hand(early_finals=True)
    rig.start()
    rig.hear(1, frames=30)
    rig.says(ports.Partial("two", 0.9))
    rig.hear(2, frames=9)
    rig.quiet(HANGOVER_FRAMES)
    rig.hear(3, frames=60)
    said = b"".join([*word(1, 30), *word(2, 9), *[SILENCE_FRAME] * HANGOVER_FRAMES, *word(3, 60)])
    assert said.startswith(bytes(rig.stream.written))
