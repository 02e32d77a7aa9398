"""Turn taking as a table: every state with everything that may be heard in it."""

from itertools import product
from pathlib import Path

import pytest

from media.turns import TABLE, Floor, Heard, Move, move

pytestmark = pytest.mark.unit

DOCUMENT = Path(__file__).parents[2] / "docs" / "architecture.md"
AGENT_SPEAKS = (Floor.REPLYING, Floor.HELD, Floor.NOTICE, Floor.ENDING)
WITHOUT_MEANING = (Heard.VOICE, Heard.MURMUR, Heard.MURMURED, Heard.NOISE, Heard.QUIET)


def test_there_is_a_move_for_everything_heard_in_every_state() -> None:
    assert {floor: set(row) for floor, row in TABLE.items()} == {
        floor: set(Heard) for floor in Floor
    }


@pytest.mark.parametrize("heard", Heard)
def test_the_last_words_are_stopped_by_nothing(heard: Heard) -> None:
    assert move(Floor.ENDING, heard) is Move.NOTHING


@pytest.mark.parametrize("heard", Heard)
def test_what_must_be_heard_is_stopped_by_nothing_and_what_is_asked_meanwhile_is_kept(
    heard: Heard,
) -> None:
    kept = heard in {Heard.UTTERANCE, Heard.KEY}
    assert move(Floor.NOTICE, heard) is (Move.KEEP if kept else Move.NOTHING)


@pytest.mark.parametrize(("floor", "heard"), [*product(AGENT_SPEAKS, WITHOUT_MEANING)])
def test_a_sound_without_words_that_are_meant_costs_no_reply(floor: Floor, heard: Heard) -> None:
    assert move(floor, heard) in {Move.NOTHING, Move.HOLD, Move.GO_ON}


def test_a_voice_makes_the_agent_silent_before_anybody_knows_what_it_says() -> None:
    assert move(Floor.REPLYING, Heard.VOICE) is Move.HOLD


@pytest.mark.parametrize("floor", [Floor.REPLYING, Floor.HELD])
def test_words_that_are_meant_end_a_reply(floor: Floor) -> None:
    assert move(floor, Heard.WORDS) is Move.GIVE_UP
    assert move(floor, Heard.UTTERANCE) is Move.ANSWER
    assert move(floor, Heard.KEY) is Move.ANSWER


@pytest.mark.parametrize("floor", [Floor.LISTENING, Floor.YIELDED, Floor.REPLYING, Floor.HELD])
def test_a_finished_utterance_is_answered_wherever_the_agent_may_be_interrupted(
    floor: Floor,
) -> None:
    assert move(floor, Heard.UTTERANCE) is Move.ANSWER


def test_to_a_question_a_murmur_is_an_answer() -> None:
    assert move(Floor.LISTENING, Heard.MURMURED) is Move.ANSWER


@pytest.mark.parametrize("heard", Heard)
def test_only_what_is_held_goes_on_and_only_a_reply_is_held(heard: Heard) -> None:
    assert [floor for floor in Floor if move(floor, heard) is Move.GO_ON] in ([], [Floor.HELD])
    assert [floor for floor in Floor if move(floor, heard) is Move.HOLD] in ([], [Floor.REPLYING])


@pytest.mark.parametrize("heard", Heard)
def test_an_answer_is_taken_up_again_only_where_one_was_given_up(heard: Heard) -> None:
    taking = [floor for floor in Floor if move(floor, heard) is Move.TAKE_UP]
    assert taking in ([], [Floor.YIELDED])


@pytest.mark.parametrize("heard", [Heard.MURMURED, Heard.ECHO, Heard.NOISE, Heard.NOTHING_NEW])
def test_words_that_come_to_nothing_cost_no_answer(heard: Heard) -> None:
    assert move(Floor.YIELDED, heard) is Move.TAKE_UP


@pytest.mark.parametrize("floor", Floor)
def test_silence_is_broken_only_while_nobody_speaks(floor: Floor) -> None:
    listening = floor in {Floor.LISTENING, Floor.YIELDED}
    assert move(floor, Heard.SILENCE) is (Move.PROMPT if listening else Move.NOTHING)


def test_the_table_in_the_documents_is_the_one_in_the_code() -> None:
    text = DOCUMENT.read_text("utf-8").partition("| heard | listening |")[2]
    rows = [line.split("|")[2:-1] for line in text.partition("\n\n")[0].splitlines()[2:]]
    documented = [[cell.strip().replace(" ", "_") or "nothing" for cell in row] for row in rows]
    assert documented == [[move(floor, heard).value for floor in Floor] for heard in Heard]
