"""Two synthetic talkers, and a line that brings the agent's voice back. All fixed by seeds."""

import numpy as np
from numpy.typing import NDArray

from actors.messages import SpeechConfirmed, SpeechStarted, SpeechStopped
from media import g711
from media.frame import FRAME_BYTES, FRAME_MS, FRAME_S, SAMPLE_RATE_HZ, SILENCE_FRAME
from media.voice_activity import VoiceDetector
from web.voice_edges import Edge, VoiceEdges

Sound = NDArray[np.float64]

TALK_RMS = 3277.0
LEAD_FRAMES = 3
HANDSET = np.array([0.8, 0.5, -0.3, 0.25, -0.1, 0.05])
"""A short filter that colours the echo."""

AGENT_HZ = 200
CALLER_HZ = 115


def silence(length_ms: int) -> Sound:
    return np.zeros(length_ms * SAMPLE_RATE_HZ // 1000)


def level_of(sound: Sound) -> float:
    power = (sound[: sound.size // FRAME_BYTES * FRAME_BYTES].reshape(-1, FRAME_BYTES) ** 2).mean(1)
    return float(np.sqrt(power[power > power.max() * 1e-3].mean()))


def talk(seed: int, length_ms: int, pitch_hz: int) -> Sound:
    """Syllables of other vowels, hisses between them, and a pause now and then."""
    random = np.random.default_rng(seed)
    parts: list[Sound] = []
    while sum(part.size for part in parts) < length_ms * SAMPLE_RATE_HZ // 1000:
        parts.append(_syllable(random, pitch_hz))
        if random.random() < 0.35:
            hiss = np.diff(random.normal(0.0, 0.25, size=400), prepend=0.0)
            parts.append(hiss * np.hanning(400) * 0.8)
        if random.random() < 0.2:
            parts.append(silence(int(random.integers(80, 320))))
    sound = np.concatenate(parts)[: length_ms * SAMPLE_RATE_HZ // 1000]
    return sound * (TALK_RMS / level_of(sound))


def _syllable(random: np.random.Generator, pitch_hz: int) -> Sound:
    sound = silence(int(random.integers(90, 230)))
    at = 0.0
    while at < sound.size:
        sound[int(at)] = 1.0
        at += SAMPLE_RATE_HZ / (pitch_hz * random.uniform(0.97, 1.03))
    time = np.arange(320) / SAMPLE_RATE_HZ
    low, high = random.uniform(300, 800), random.uniform(900, 2300)
    for formant_hz, width_hz in ((low, 80), (high, 120), (2700, 180)):
        ring = np.exp(-np.pi * width_hz * time) * np.sin(2 * np.pi * formant_hz * time)
        sound = np.convolve(sound, ring)[: sound.size]
    shaped: Sound = sound * np.hanning(sound.size) ** 0.5
    return shaped * (random.uniform(0.35, 1.0) / float(np.abs(shaped).max()))


def frames(sound: Sound) -> list[bytes]:
    audio = g711.encode(sound.round().clip(-32000, 32000).astype(np.int16))
    audio += SILENCE_FRAME[: -len(audio) % FRAME_BYTES]
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def echo_of(sound: Sound, delay_ms: int, gain_db: float) -> Sound:
    """What comes back, as long as the sound. 70 ms of network and player are added."""
    back = np.convolve(sound, HANDSET)[: sound.size]
    back *= level_of(sound) / level_of(back) * 10 ** (gain_db / 20)
    return np.concatenate((silence(delay_ms + 70), back))[: sound.size]


class TalkLine:
    """The real edges of one call, fed from both sides, a frame every 20 ms."""

    def __init__(self, echo: tuple[int, float] | None) -> None:
        self.voice = VoiceEdges(VoiceDetector(), onset_ms=60, hangover_ms=320, confirm_ms=160)
        self.line_echo = echo
        self.media_ms = 0

    def reply(self, agent: Sound, caller: Sound | None = None) -> list[tuple[int, Edge]]:
        """Play a reply and 1.2 s more; returns edges with their ms since the reply began."""
        whole = np.concatenate((agent, silence(1200)))
        heard = np.zeros_like(whole)
        if self.line_echo is not None:
            heard = echo_of(whole, *self.line_echo)
        if caller is not None:
            heard[: caller.size] += caller[: heard.size]
        sent = frames(agent)
        edges: list[tuple[int, Edge]] = []
        for number, payload in enumerate(frames(heard)):
            for frame in sent[number + LEAD_FRAMES - 1 if number else 0 : number + LEAD_FRAMES]:
                self.voice.echo.played(frame)
            edge = self.hear(payload)
            if edge is not None:
                edges.append(((number + 1) * FRAME_MS, edge))
        return edges

    def hear(self, payload: bytes) -> Edge | None:
        edge = self.voice.push(payload, self.media_ms, self.media_ms / FRAME_MS * FRAME_S)
        self.media_ms += FRAME_MS
        return edge


def confirmed_at(edges: list[tuple[int, Edge]]) -> list[int]:
    return [at_ms for at_ms, edge in edges if isinstance(edge, SpeechConfirmed)]


def started_at(edges: list[tuple[int, Edge]]) -> list[int]:
    return [at_ms for at_ms, edge in edges if isinstance(edge, SpeechStarted)]


def stopped_at(edges: list[tuple[int, Edge]]) -> list[int]:
    return [at_ms for at_ms, edge in edges if isinstance(edge, SpeechStopped)]
