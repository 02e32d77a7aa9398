"""What a crashed STT leaves in its mailbox, and what a recogniser may pour into it."""

from typing import Any

import pytest

from actors.messages import DigitPressed
from speech.ports import Partial
from tests.support.context import logged
from tests.support.engines import NumberedRecognizer, word
from tests.support.faults import Boom, Poison, count, kill, raise_once, words

pytestmark = pytest.mark.faults


def test_killed_during_the_backoff_only_one_stream_stays_open(place_call: Any) -> None:
    call = place_call()
    with logged():
        kill(call, "stt")
        call.parts.stt.post(Poison())
        call.wait(1)
    assert sum(not stream.cancelled for stream in call.recognizer.streams) == 1


def test_killed_during_every_backoff_the_fallback_is_really_by_requests(place_call: Any) -> None:
    call = place_call(recognizer=NumberedRecognizer(opens=[True, *["UNAVAILABLE"] * 50]))
    with logged():
        kill(call, "stt")
        for _ in range(3):
            call.parts.stt.post(Poison())
            call.wait(0.3)
        assert call.parts.stt_single
        call.hear(word(1, 40))
        call.quiet(1)
    assert call.recognizer.requests != []
    assert all(stream.cancelled for stream in call.recognizer.streams)
    assert words(call) == ["w1"]


def test_a_burst_of_partials_from_the_recogniser_does_not_end_the_call(place_call: Any) -> None:
    call = place_call()
    for number in range(300):
        call.recognizer.streams[0].say(Partial(f"p{number}"))
    call.quiet(0.5)
    assert not call.ended


def test_a_recogniser_whose_open_raises_is_replaced_by_single_requests(place_call: Any) -> None:
    recognizer: Any = NumberedRecognizer()

    def broken(_sink: Any) -> None:
        raise OSError("no")

    recognizer.open = broken
    with logged():
        call = place_call(recognizer=recognizer)
        call.hear(word(1, 40))
        call.quiet(2)
    assert words(call) == ["w1"]


def test_a_frame_is_never_both_crashed_and_handed_over(place_call: Any) -> None:
    call = place_call()
    call.hear(word(1))
    raise_once(call.actor("rx"), "_hand_over_if_possible", Boom())
    with logged():
        call.hear(word(2))
        call.quiet(1)
    ledger = call.parts.rx.ledger
    assert ledger.delivered + ledger.created == call.parts.stt.ledger.entered


def test_a_thousand_keys_are_one_overflow(place_call: Any) -> None:
    call = place_call()
    with logged():
        for _ in range(1000):
            call.line.agent.post(DigitPressed("5"))
        call.wait(0.2)
    assert call.ended
    assert count(call, "control_overflows_total") == 1
