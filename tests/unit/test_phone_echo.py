"""The phone's line echo: what was played comes back later and weaker, on top of the caller."""

import numpy as np
import pytest

from media import g711
from media.frame import FRAME_BYTES, SILENCE_FRAME
from phone.echo import MAX_PLAYED_BYTES, Echo, EchoOptions, parse_echo
from phone.microphone import Microphone

pytestmark = pytest.mark.unit

LOUD = g711.encode(np.full(FRAME_BYTES, 8000, np.int16))


def test_an_option_is_a_delay_and_a_level() -> None:
    assert parse_echo("300:-12") == EchoOptions(300, -12.0)


@pytest.mark.parametrize("text", ["300", "x:-12", "300:3", "10:-12", "6000:-12", "300:-200"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_echo(text)


def test_what_was_played_comes_back_after_the_delay_and_with_the_loss() -> None:
    echo = Echo(EchoOptions(30, -20.0))
    echo.played(LOUD + SILENCE_FRAME * 4)
    back = b"".join(echo.mix(SILENCE_FRAME, at * FRAME_BYTES) for at in range(4))
    samples = g711.decode(back)
    assert not samples[:240].any()
    assert samples[240:400] == pytest.approx(800, rel=0.05)
    assert not samples[400:].any()


def test_the_caller_is_heard_with_the_echo_and_a_silent_echo_changes_nothing() -> None:
    echo = Echo(EchoOptions(20, -6.0))
    echo.played(LOUD + SILENCE_FRAME)
    assert echo.mix(LOUD, 0) is LOUD
    assert g711.decode(echo.mix(LOUD, FRAME_BYTES)) == pytest.approx(12_000, rel=0.05)
    assert echo.mix(LOUD, 2 * FRAME_BYTES) is LOUD


def test_what_nobody_asks_for_is_forgotten() -> None:
    echo = Echo(EchoOptions(20, -6.0))
    for _ in range(MAX_PLAYED_BYTES // FRAME_BYTES + 9):
        echo.played(LOUD)
    assert len(echo._played) == MAX_PLAYED_BYTES


def test_a_microphone_sends_the_echo_and_knows_what_the_caller_said() -> None:
    echo = Echo(EchoOptions(20, -6.0))
    microphone = Microphone(0.0, sends_silence=False, echo=echo)
    echo.played(LOUD)
    microphone.capture(0.04)
    (frame,) = microphone.release(0.04)
    assert frame.timestamp_ms == 20
    assert g711.rms(frame.payload) == pytest.approx(4000, rel=0.05)
    assert frame.said == SILENCE_FRAME
