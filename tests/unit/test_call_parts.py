"""How late words come, as the parts of a call know it of its recogniser."""

import pytest

from actors.call_parts import WORDS_AT_THE_END_S
from actors.floor import REQUEST_S
from tests.support.call import ManualCall
from tests.support.engines import NumberedRecognizer

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("signs_of_life", [True, False])
def test_words_are_as_late_as_the_way_of_recognising_makes_them(*, signs_of_life: bool) -> None:
    recognizer = NumberedRecognizer()
    recognizer.signs_of_life = signs_of_life
    parts = ManualCall(recognizer=recognizer).parts
    at_first = parts.memory.words_after_s
    assert at_first == (0.0 if signs_of_life else WORDS_AT_THE_END_S)
    assert parts.memory.words_are_guesses is not signs_of_life
    parts.hear_by(single=True)
    assert (parts.stt_single, parts.memory.words_after_s) == (True, REQUEST_S)
    parts.hear_by(single=False)
    assert (parts.stt_single, parts.memory.words_after_s) == (False, at_first)


def test_a_call_without_streams_begins_with_words_that_come_late() -> None:
    call = ManualCall(use_streaming_stt=False)
    assert call.parts.memory.words_after_s == REQUEST_S
