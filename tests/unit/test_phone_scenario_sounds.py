"""What a scenario's caller is heard to do: words, pauses, noises, loudness."""

from pathlib import Path

import numpy as np
import pytest

from media import g711
from media.frame import BYTES_PER_MS, FRAME_BYTES, SILENCE_FRAME
from phone.listening import measure
from phone.play import describe
from phone.play_sounds import NOISES, audible, louder, sound_of
from phone.scenario import (
    HangUpNow,
    JustListen,
    KeepSilent,
    MakeNoise,
    PlayWav,
    PressKeys,
    SayText,
)
from speech.tone import tone

pytestmark = pytest.mark.unit

SPOKEN = {"one": tone("one"), "two": tone("two")}


def test_texts_are_spoken_in_order_with_their_pauses() -> None:
    audio = sound_of(SayText(("one", 400.0, "two")), SPOKEN, 0.0)
    assert audio == SPOKEN["one"] + b"\xff" * (400 * BYTES_PER_MS) + SPOKEN["two"]


def test_a_quiet_caller_is_quieter_by_so_much() -> None:
    loud, quiet = tone("hello"), louder(tone("hello"), -10.0)
    fall_db = 20 * np.log10(g711.rms(quiet) / g711.rms(loud))
    assert len(quiet) == len(loud)
    assert fall_db == pytest.approx(-10.0, abs=0.3)
    recording = PlayWav(Path("a.wav"), loud)
    assert sound_of(recording, {}, -10.0) == quiet
    assert sound_of(recording, {}, 0.0) == loud


def test_what_would_be_too_loud_is_clipped_not_wrapped() -> None:
    assert g711.decode(louder(tone("a"), 60.0)).max() > 30_000


@pytest.mark.parametrize(("name", "ms"), [("cough", 250), ("knock", 80), ("hum", 400)])
def test_a_noise_is_heard_for_its_length_and_is_always_the_same(name: str, ms: int) -> None:
    audio = sound_of(MakeNoise(name), {}, 0.0)
    assert len(audio) == ms * BYTES_PER_MS
    assert audio == NOISES[name]()
    assert -30.0 < measure(g711.decode(audio)).loudness.rms_dbov < -10.0


@pytest.mark.parametrize("act", [PressKeys("1"), KeepSilent(100), HangUpNow(), JustListen()])
def test_what_makes_no_sound_has_none(act: PressKeys | KeepSilent | HangUpNow) -> None:
    assert sound_of(act, {}, 0.0) == b""


def test_the_audible_part_lies_between_the_silence_around_it() -> None:
    first, last = audible(SILENCE_FRAME * 5 + tone("aa") + SILENCE_FRAME * 7)
    assert 0 <= first - 5 * FRAME_BYTES < FRAME_BYTES
    assert 0 <= 5 * FRAME_BYTES + len(tone("aa")) - last < FRAME_BYTES
    assert audible(SILENCE_FRAME) == (0, FRAME_BYTES)


def test_what_a_caller_does_is_told_without_the_keys() -> None:
    told = [
        describe(act)
        for act in (
            SayText(("one", 400.0, "two")),
            PlayWav(Path("x/a.wav"), b""),
            MakeNoise("hum"),
            PressKeys("4071"),
            KeepSilent(5000.0),
            HangUpNow(),
            JustListen(),
        )
    ]
    assert told == [
        'says "one … two"',
        "plays a.wav",
        "makes a noise: hum",
        "presses 4 key(s)",
        "is silent for 5000 ms",
        "hangs up",
        "listens",
    ]
