"""The timeline of a turn: a table of orders of events, and what is measured of each."""

from typing import Any

import pytest

from actors.stats import TurnLatency
from actors.turn_clock import TurnClock

pytestmark = pytest.mark.unit

Event = tuple[Any, ...]
Parts = dict[str, float | bool]

PLAIN: list[Event] = [
    ("voice_started", 10.0),
    ("partial", 10.4),
    ("partial", 10.9),
    ("voice_ended", 11.0),
]
"""A second of speech; its first words after 0.4 s."""

ANSWERED: list[Event] = [*PLAIN, ("answered_by", 7, 11.25)]
HEARD_WHOLE: Parts = {"partial": 0.4, "final": 0.25, "settled": 0.35}


def play(events: list[Event]) -> list[TurnLatency]:
    """Tell a new clock and collect what it returns."""
    turn = TurnClock()
    told: list[TurnLatency] = []
    for name, *arguments in events:
        early = {"early": False} if name == "answered_by" else {}
        if name == "answered_early":
            name, early = "answered_by", {"early": True}  # noqa: PLW2901
        latency = getattr(turn, name)(*arguments, **early)
        if latency is not None:
            told.append(latency)
    return told


def measured(latency: TurnLatency) -> Parts:
    """What happened, in seconds, without rounding errors."""
    parts = latency.parts().items()
    return {name: round(part, 6) for name, part in parts if part is not None}


ORDERS: dict[str, tuple[list[Event], Parts | None]] = {
    "from voice to the first frame": (
        [*ANSWERED, ("started", 7, 11.6)],
        {**HEARD_WHOLE, "total": 0.6, "wire": 0.35, "sound": 0.6},
    ),
    "every part follows the one before": (
        [
            *ANSWERED,
            ("token", 7, 11.35),
            ("token", 7, 11.4),
            ("sentence", 7, 11.45),
            ("sentence", 7, 11.9),
            ("synthesized", 7, 11.5),
            ("synthesized", 7, 11.52),
            ("started", 7, 11.57),
        ],
        {
            **HEARD_WHOLE,
            "total": 0.57,
            "token": 0.1,
            "sentence": 0.1,
            "synthesis": 0.05,
            "wire": 0.07,
            "sound": 0.57,
        },
    ),
    "a brain that tells no first token is measured to its first sentence": (
        [*ANSWERED, ("sentence", 7, 11.45), ("synthesized", 7, 11.5), ("started", 7, 11.5)],
        {
            **HEARD_WHOLE,
            "total": 0.5,
            "sentence": 0.2,
            "synthesis": 0.05,
            "wire": 0.0,
            "sound": 0.5,
        },
    ),
    "another playback is not measured": ([*ANSWERED, ("started", 6, 11.5)], None),
    "a greeting answers nobody": (
        [("token", 1, 4.0), ("started", 1, 5.0), ("heard", 1, 5.5)],
        None,
    ),
    "a rest that a successor says answers nobody": (
        [("voice_started", 1.0), ("voice_ended", 2.0), ("started", 8, 3.0), ("heard", 8, 3.5)],
        None,
    ),
    "without voice the final stands in for its end": (
        [("answered_by", 7, 11.25), ("started", 7, 11.5)],
        {"total": 0.25, "wire": 0.25, "sound": 0.25},
    ),
    "a final before the end of the voice took no time": (
        [
            ("voice_started", 10.0),
            ("answered_by", 7, 11.0),
            ("voice_ended", 11.1),
            ("started", 7, 11.3),
        ],
        {"final": 0.0, "total": 0.2, "wire": 0.3, "sound": 0.2},
    ),
    "a pause within an utterance does not begin it anew": (
        [
            ("voice_started", 10.0),
            ("partial", 10.5),
            ("voice_ended", 10.8),
            ("voice_started", 11.0),
            ("voice_ended", 12.0),
            ("answered_by", 7, 12.2),
            ("started", 7, 12.5),
        ],
        {"partial": 0.5, "final": 0.2, "settled": 1.7, "total": 0.5, "wire": 0.3, "sound": 0.5},
    ),
    "an end before the voice went on is not the end": (
        [
            ("voice_started", 10.0),
            ("voice_ended", 10.5),
            ("voice_started", 11.0),
            ("answered_by", 7, 12.2),
            ("started", 7, 12.5),
        ],
        {"total": 0.3, "wire": 0.3, "sound": 0.3},
    ),
    "a cough before the speech is not its beginning": (
        [("voice_started", 8.0), ("voice_ended", 8.2), *ANSWERED, ("started", 7, 11.6)],
        {**HEARD_WHOLE, "total": 0.6, "wire": 0.35, "sound": 0.6},
    ),
    "voice over the answer leaves its measure alone": (
        [
            *ANSWERED,
            ("voice_started", 11.3),
            ("partial", 11.4),
            ("voice_ended", 11.5),
            ("started", 7, 11.6),
        ],
        {**HEARD_WHOLE, "total": 0.6, "wire": 0.35, "sound": 0.6},
    ),
    "a partial after the final is not counted": (
        [
            ("voice_started", 10.0),
            ("voice_ended", 11.0),
            ("answered_by", 7, 11.2),
            ("partial", 11.25),
            ("started", 7, 11.4),
        ],
        {"final": 0.2, "total": 0.4, "wire": 0.2, "sound": 0.4},
    ),
    "a first token before the final took no time": (
        [*ANSWERED, ("token", 7, 11.2), ("sentence", 7, 11.3), ("started", 7, 11.4)],
        {**HEARD_WHOLE, "total": 0.4, "token": 0.0, "sentence": 0.05, "wire": 0.1, "sound": 0.4},
    ),
    "a filler is a sound and not the answer": (
        [
            *ANSWERED,
            ("filler", 7, 13.25),
            ("synthesized", 7, 13.3),
            ("started", 7, 13.35),
            ("heard", 7, 13.9),
            ("token", 7, 14.0),
            ("sentence", 7, 14.1),
            ("synthesized", 7, 14.2),
            ("started", 7, 14.5),
        ],
        {
            **HEARD_WHOLE,
            "total": 3.5,
            "token": 2.75,
            "sentence": 0.1,
            "synthesis": 0.1,
            "wire": 0.3,
            "sound": 2.35,
        },
    ),
    "a filler alone is no answer": (
        [*ANSWERED, ("filler", 7, 13.25), ("started", 7, 13.3), ("heard", 7, 13.9)],
        None,
    ),
    "a filler that goes on after a cough is still none": (
        [*ANSWERED, ("filler", 7, 13.25), ("started", 7, 13.3), ("started", 7, 14.0)],
        None,
    ),
    "the sentence may overtake the filler's first frame": (
        [
            *ANSWERED,
            ("filler", 7, 13.25),
            ("sentence", 7, 13.3),
            ("started", 7, 13.4),
            ("started", 7, 14.0),
        ],
        {**HEARD_WHOLE, "total": 3.0, "sentence": 2.05, "wire": 0.7, "sound": 2.4},
    ),
    "a filler of another reply does not concern the answer": (
        [*ANSWERED, ("filler", 6, 11.3), ("started", 7, 11.6)],
        {**HEARD_WHOLE, "total": 0.6, "wire": 0.35, "sound": 0.6},
    ),
}


@pytest.mark.parametrize("order", ORDERS)
def test_what_is_measured_when_things_happen_in_this_order(order: str) -> None:
    events, expected = ORDERS[order]
    assert [measured(latency) for latency in play(events)] == ([expected] if expected else [])


def test_an_answer_is_reported_once_on_the_wire_and_once_more_when_heard() -> None:
    events = [("started", 7, 11.6), ("started", 7, 11.7), ("heard", 7, 12.3), ("heard", 7, 12.8)]
    on_the_wire, heard = play([*ANSWERED, *events])
    assert on_the_wire.heard_s is None
    assert heard.heard_s == pytest.approx(1.3)
    assert {**heard.parts(), "heard": None} == on_the_wire.parts()
    assert (heard.reply, heard.final_at, heard.early) == (7, 11.25, False)


def test_a_mark_before_the_first_frame_of_the_answer_is_not_heard() -> None:
    assert not play([*ANSWERED, ("heard", 7, 11.5)])


def test_a_fillers_mark_is_not_heard_though_the_start_of_the_answer_was_told_ahead() -> None:
    told_ahead = [("filler", 7, 13.0), ("started", 7, 13.1), ("sentence", 7, 14.0)]
    told_ahead.append(("started", 7, 14.3))
    _, heard = play([*ANSWERED, *told_ahead, ("heard", 7, 14.1), ("heard", 7, 14.9)])
    assert heard.heard_s == pytest.approx(3.9)


def test_of_a_revised_answer_the_later_final_and_reply_count() -> None:
    (latency,) = play(
        [
            *PLAIN,
            ("answered_early", 7, 11.05),
            ("token", 7, 11.1),
            ("sentence", 7, 11.1),
            ("partial", 11.2),
            ("answered_by", 8, 11.3),
            ("token", 7, 11.35),
            ("started", 7, 11.4),
            ("heard", 7, 11.4),
            ("started", 8, 11.5),
        ]
    )
    assert (latency.reply, latency.early, latency.superseded) == (8, False, 1)
    assert measured(latency) == {
        "partial": 0.4,
        "final": 0.3,
        "settled": 0.1,
        "total": 0.5,
        "wire": 0.2,
        "sound": 0.5,
    }


def test_an_early_final_says_so() -> None:
    (latency,) = play([*PLAIN, ("answered_early", 7, 10.95), ("started", 7, 11.1)])
    assert latency.early
    assert latency.superseded == 0


def test_an_answer_broken_off_before_its_first_frame_is_counted_with_the_next_one() -> None:
    (latency,) = play(
        [
            *ANSWERED,
            ("voice_started", 11.3),
            ("partial", 11.5),
            ("voice_ended", 12.0),
            ("answered_by", 8, 12.1),
            ("started", 7, 12.2),
            ("started", 8, 12.4),
        ]
    )
    assert latency.superseded == 1
    assert measured(latency) == {
        "partial": 0.2,
        "final": 0.1,
        "settled": 0.6,
        "total": 0.4,
        "wire": 0.3,
        "sound": 0.4,
    }


def test_several_replaced_answers_are_all_counted_until_one_is_on_the_wire() -> None:
    three = [("answered_by", reply, 11.0 + reply / 10) for reply in (7, 8, 9)]
    first, second = play(
        [*PLAIN, *three, ("started", 9, 12.0), ("answered_by", 10, 15.0), ("started", 10, 15.2)]
    )
    assert (first.superseded, second.superseded) == (2, 0)


def test_words_that_the_border_did_not_hear_are_not_measured_from_the_turn_before() -> None:
    spoken = [*ANSWERED, ("started", 7, 11.6), ("heard", 7, 12.2)]
    unheard = [("partial", 20.0), ("answered_by", 8, 20.4), ("started", 8, 20.5)]
    latency = play([*spoken, *unheard])[-1]
    assert measured(latency) == {"settled": 0.4, "total": 0.1, "wire": 0.1, "sound": 0.1}


def test_the_next_turn_is_measured_anew() -> None:
    again = [(name, *(at + 20 for at in times)) for name, *times in PLAIN]
    first, second = play(
        [*ANSWERED, ("started", 7, 11.6), *again, ("answered_by", 8, 31.25), ("started", 8, 31.6)]
    )
    assert measured(first) == pytest.approx(measured(second))
