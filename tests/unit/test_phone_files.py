"""WAV files read, calls recorded, recordings measured."""

import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from media import g711
from media.frame import SAMPLE_RATE_HZ, SILENCE_FRAME
from phone.errors import PhoneError
from phone.listening import describe_channel, measure
from phone.recorder import BLOCK_BYTES, Recorder
from phone.wav import read_channels, read_mulaw

pytestmark = pytest.mark.unit


def _tone(samples: int, amplitude: float = 8000.0) -> NDArray[np.int16]:
    phase = np.arange(samples) * 2 * np.pi * 400 / SAMPLE_RATE_HZ
    return (np.cos(phase) * amplitude).astype(np.int16)


def _wav(code: int, channels: int, rate: int, bits: int, audio: bytes) -> bytes:
    fmt = struct.pack("<HHIIHH", code, channels, rate, rate, 1, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt
    body += b"LIST" + struct.pack("<I", 3) + b"abc\0"
    body += b"data" + struct.pack("<I", len(audio)) + audio
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_mulaw_and_pcm16_give_the_same_audio(tmp_path: Path) -> None:
    mulaw = g711.encode(_tone(1000))
    (tmp_path / "u.wav").write_bytes(_wav(7, 1, 8000, 8, mulaw))
    pcm = g711.decode(mulaw).astype("<i2").tobytes()
    (tmp_path / "p.wav").write_bytes(_wav(1, 1, 8000, 16, pcm))
    assert read_mulaw(tmp_path / "u.wav") == read_mulaw(tmp_path / "p.wav") == mulaw


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"OggS", "not a WAV"),
        (b"RIFF1234WAVE", "no format chunk"),
        (_wav(1, 1, 16000, 16, b""), "16000 Hz"),
        (_wav(1, 3, 8000, 16, b""), "3 channels"),
        (_wav(6, 1, 8000, 8, b""), "format 6"),
    ],
)
def test_other_formats_are_refused_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x.wav").write_bytes(data)
    with pytest.raises(PhoneError, match=message):
        read_channels(tmp_path / "x.wav")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match=r"absent\.wav: No such file"):
        read_mulaw(tmp_path / "absent.wav")


def test_a_recording_has_the_caller_left_the_agent_right_and_keeps_their_times(
    tmp_path: Path,
) -> None:
    recorder = Recorder(tmp_path / "call.wav")
    caller, agent = g711.encode(_tone(160)), g711.encode(_tone(80, 2000))
    recorder.add(SILENCE_FRAME + caller, b"")
    recorder.add(b"", agent)
    recorder.close()
    recorder.close()
    left, right = read_channels(tmp_path / "call.wav")
    assert left.tolist() == [0] * 160 + g711.decode(caller).tolist()
    assert right.tolist() == g711.decode(agent).tolist() + [0] * 240


def test_a_long_recording_is_written_as_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    recorder = Recorder(path)
    for _ in range(200):
        recorder.add(SILENCE_FRAME, SILENCE_FRAME)
        assert len(recorder._caller) < BLOCK_BYTES + len(SILENCE_FRAME)
    recorder.close()
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 32000)


def test_an_unwritable_recording_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match="No such file"):
        Recorder(tmp_path / "absent" / "call.wav")


def test_a_measured_channel_tells_speech_and_holes_inside_it() -> None:
    silence = np.zeros(8000, np.int16)
    hole = np.zeros(400, np.int16)
    audio = np.concatenate([silence, _tone(4000), hole, _tone(4000), silence, _tone(1600)])
    report = measure(audio)
    edges = [edge for span in report.spans for edge in (span.start, span.end)]
    assert edges == pytest.approx([8000, 16400, 24400, 26000], abs=8)
    ((start, length),) = report.holes
    assert start == pytest.approx(12000, abs=8)
    assert length == pytest.approx(400, abs=8)


def test_a_described_channel_is_a_table_in_order_of_time() -> None:
    text = describe_channel("agent", measure(np.concatenate([_tone(4000)] * 2)))
    assert text.splitlines()[0].startswith("agent: 1.00 s, speech -15.")
    assert text.splitlines()[2].split() == ["speech", "0.000", "1000.0"]


def test_an_empty_channel_is_described_too() -> None:
    assert "0 spans" in describe_channel("caller", measure(np.zeros(0, np.int16)))
