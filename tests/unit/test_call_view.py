"""What an operator sees of a call: what went wrong is counted where it can be read."""

import pytest

from actors.call_view import CallView
from tests.support.call import ManualCall
from tests.support.context import logged
from tests.support.engines import word

pytestmark = pytest.mark.unit


def view(call: ManualCall) -> CallView:
    shown = call.root.view("CA1")
    assert shown is not None
    return shown


def test_a_call_without_trouble_shows_none() -> None:
    call = ManualCall()
    call.hear(word(1))
    call.quiet(1)
    assert set(view(call)["trouble"].values()) == {0}


def test_a_jump_of_media_time_is_shown() -> None:
    call = ManualCall()
    call.quiet(0.5)
    call.media_ms += 60_000
    call.quiet(0.5)
    assert view(call)["trouble"]["media_jumps"] == 1


def test_a_sound_too_short_for_a_single_request_is_shown() -> None:
    call = ManualCall(use_streaming_stt=False)
    with logged():
        call.hear(word(1, 10))
        call.quiet(1)
    assert view(call)["trouble"]["segments_discarded"] == 1
    assert call.recognizer.requests == []
