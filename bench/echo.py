"""`python -m bench.echo`: the agent's echo on the line, and callers who speak over it.

Offline: the real voice detector, echo guard and edges, and two synthetic voices; no server and
no clock. For each delay and level, fifty replies with their echo alone, then fifty callers
who begin to speak over one. Exits with 1 when an echo was confirmed as a voice.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from actors.messages import SpeechConfirmed, SpeechStarted
from media import g711
from media.frame import BYTES_PER_MS, FRAME_BYTES, FRAME_MS, FRAME_S
from media.voice_activity import VoiceDetector
from speech.espeak_library import EspeakLibrary
from speech.speech_shaper import SpeechShaper
from web.voice_edges import VoiceEdges

Sound = NDArray[np.float64]

DELAYS_MS: Final = (100, 200, 300, 450, 600)
LEVELS_DB: Final = (-20.0, -12.0)
LEAD_FRAMES: Final = 3
"""Sent ahead of the player, as TX does."""

TAIL_MS: Final = 1200
TALK_RMS: Final = 3277.0
"""-20 dBov while speaking, both voices."""

LEARNED_REPLIES: Final = 2
"""Replies heard before somebody speaks over one."""

NETWORK_MS: Final = 70
"""Added to each echo path: network and player. Not a whole number of frames, on purpose."""

AUDIBLE: Final = 200
"""Magnitude from which a sample belongs to the speech."""

SOON_MS: Final = 400
"""A caller shall be confirmed within this time."""

SAMPLES_PER_MS: Final = BYTES_PER_MS
SUBJECTS: Final = ("The practice", "Doctor Cohen", "Our office", "The clinic", "The new branch")
VERBS: Final = (
    "is open from eight in the morning until six in the evening.",
    "has moved to the second floor, next to the lift.",
    "cannot be reached on Saturdays and before holidays.",
    "will send you a short message on the day before.",
    "needs your identity card and the letter of your doctor.",
)
TAILS: Final = (
    "Would you like to know anything else?",
    "Please come ten minutes early.",
    "On Fridays we close at noon.",
)
CALLERS: Final = (
    "wait a moment please",
    "no I mean something else",
    "hello can you hear me",
    "sorry that is not what I asked",
    "stop stop I need another day",
    "and what about tomorrow morning",
)


class Voice(NamedTuple):
    """A voice of espeak-ng."""

    name: str
    words_per_minute: int
    pitch: int


AGENTS: Final = (Voice("en-us+f3", 165, 55), Voice("en-us+f2", 150, 45))
SPEAKERS: Final = (Voice("en-us+m3", 150, 45), Voice("en-us+m1", 150, 45))


@dataclass(frozen=True, slots=True)
class Line:
    """How a line echoes."""

    delay_ms: int
    gain_db: float | None
    """None: not at all."""

    colour: Sound

    def echo(self, sound: Sound) -> Sound:
        """What comes back of a sound, as long as the sound."""
        if self.gain_db is None:
            return np.zeros_like(sound)
        back = np.convolve(sound, self.colour)[: sound.size]
        back *= talk_rms(sound) / talk_rms(back) * 10.0 ** (self.gain_db / 20.0)
        late = (self.delay_ms + NETWORK_MS) * SAMPLES_PER_MS
        return np.concatenate((np.zeros(late), back))[: sound.size]


class Border:
    """The real edges of one call, fed frame by frame."""

    def __init__(self) -> None:
        self._voice = VoiceEdges(VoiceDetector(), onset_ms=60, hangover_ms=320, confirm_ms=160)
        self._frames = 0

    def reply(
        self, agent: Sound, line: Line, caller: Sound | None = None
    ) -> list[tuple[int, type]]:
        """Play a reply; returns the edges, each with its time in ms since the reply began."""
        agent = np.concatenate((agent, np.zeros(-agent.size % FRAME_BYTES)))
        heard = line.echo(np.concatenate((agent, np.zeros(TAIL_MS * SAMPLES_PER_MS))))
        if caller is not None:
            heard[: caller.size] += caller[: heard.size]
        sent = frames_of(agent)
        edges: list[tuple[int, type]] = []
        for number, payload in enumerate(frames_of(heard)):
            first = 0 if number == 0 else number + LEAD_FRAMES - 1
            for frame in sent[first : number + LEAD_FRAMES]:
                self._voice.echo.played(frame)
            at = self._frames
            edge = self._voice.push(payload, at * FRAME_MS, at * FRAME_S)
            self._frames += 1
            if edge is not None:
                edges.append(((number + 1) * FRAME_MS, type(edge)))
        return edges


def frames_of(sound: Sound) -> list[bytes]:
    """A sound as the wire carries it."""
    audio = g711.encode(np.clip(np.rint(sound), -32_000, 32_000).astype(np.int16))
    return [audio[at : at + FRAME_BYTES] for at in range(0, len(audio), FRAME_BYTES)]


def talk_rms(sound: Sound) -> float:
    """The level of a sound while there is any."""
    power = (sound[: sound.size // FRAME_BYTES * FRAME_BYTES].reshape(-1, FRAME_BYTES) ** 2).mean(1)
    return float(np.sqrt(power[power > power.max() * 1e-3].mean()))


def handset(seed: int) -> Sound:
    """A short filter: 4 ms of it, its bands differ by about 10 dB."""
    taps = np.random.default_rng(seed).normal(size=32) * np.exp(-np.arange(32) / 6.0)
    taps[0] = np.copysign(1.0, taps[0])
    return taps


def speak(library: EspeakLibrary, text: str, voice: Voice) -> Sound:
    """A text in a voice, from its first sound to its last."""
    library.set_voice(*voice)
    shaper = SpeechShaper(library.sample_rate_hz, 1.0)
    audio = bytearray()

    def on_samples(samples: NDArray[np.int16]) -> bool:
        audio.extend(shaper.push(samples))
        return True

    library.speak(text, on_samples)
    sound = g711.decode(bytes(audio) + shaper.flush()).astype(np.float64)
    loud = np.flatnonzero(np.abs(sound) > AUDIBLE)
    sound = sound[loud[0] : loud[-1] + 1]
    return sound * (TALK_RMS / talk_rms(sound))


def make_replies(library: EspeakLibrary) -> list[Sound]:
    """Fifty replies of the agent, in two voices."""
    texts = [
        f"{s} {v} {TAILS[(i + j) % 3]}" for i, s in enumerate(SUBJECTS) for j, v in enumerate(VERBS)
    ]
    return [speak(library, text, voice) for text in texts for voice in AGENTS]


def count_false(replies: Sequence[Sound], line: Line) -> tuple[int, int]:
    """Play all replies on one line; returns how many were suspected, and confirmed, as voice."""
    border = Border()
    edges = [[kind for _, kind in border.reply(reply, line)] for reply in replies]
    return (
        sum(SpeechStarted in kinds for kinds in edges),
        sum(SpeechConfirmed in kinds for kinds in edges),
    )


def time_callers(
    replies: Sequence[Sound], callers: Sequence[Sound], line: Line, *, gain_db: float, first: bool
) -> list[float]:
    """Let callers speak over replies; returns ms until each was confirmed, infinite for never.

    Args:
        replies: of the agent.
        callers: as loud as the agent.
        line: its echo.
        gain_db: of the callers.
        first: whether it is the first reply of each call.
    """
    random = np.random.default_rng(7)
    border = Border()
    for reply in replies[-LEARNED_REPLIES:]:
        border.reply(reply, line)
    times: list[float] = []
    for number, reply in enumerate(replies):
        if first:
            border = Border()
        at_ms = int(random.integers(600, 2000))
        caller = callers[number % len(callers)] * 10.0 ** (gain_db / 20.0)
        late = np.concatenate((np.zeros(at_ms * SAMPLES_PER_MS), caller))
        edges = border.reply(reply, line, late)
        confirmed = [t for t, kind in edges if kind is SpeechConfirmed and t > at_ms]
        times.append(confirmed[0] - at_ms if confirmed else float("inf"))
    return times


def show(times: Sequence[float]) -> str:
    """Median, 90th and 99th percentile, and how many came within 400 ms."""
    at = np.sort(times)
    p50, p90, p99 = (at[min(len(at) - 1, int(len(at) * q))] for q in (0.5, 0.9, 0.99))
    within = sum(time <= SOON_MS for time in times) * 100 // len(times)
    return f"{p50:>4.0f} {p90:>4.0f} {p99:>4.0f} {within:>4} %"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="bench.echo", description=__doc__)
    parser.add_argument("--seed", type=int, default=5, help="of the handset's filter")
    colour = handset(parser.parse_args().seed)
    library = EspeakLibrary("en-us", 160)
    replies = make_replies(library)
    callers = [speak(library, text, voice) for text in CALLERS for voice in SPEAKERS]
    print("confirmed: ms from the caller's first sound, p50 p90 p99, and within 400 ms")
    print("delay  level   replies  started  confirmed   caller 0 dB            caller -6 dB")
    false = 0
    for delay_ms in DELAYS_MS:
        for gain_db in LEVELS_DB:
            line = Line(delay_ms, gain_db, colour)
            started, confirmed = count_false(replies, line)
            false += confirmed
            loud, soft = (
                show(time_callers(replies, callers, line, gain_db=gain, first=False))
                for gain in (0.0, -6.0)
            )
            print(
                f"{delay_ms:>5} {gain_db:>6.0f} {len(replies):>9} {started:>8} {confirmed:>10}"
                f"   {loud}   {soft}",
                flush=True,
            )
    clear = Line(0, None, colour)
    for name, first in (("known line", False), ("first reply", True)):
        for gain_db in (0.0, -15.0):
            times = time_callers(replies, callers, clear, gain_db=gain_db, first=first)
            print(f"no echo, {name}, caller {gain_db:.0f} dB: {show(times)}")
    times = time_callers(replies, callers, Line(300, -12.0, colour), gain_db=0.0, first=True)
    print(f"echo of -12 dB, first reply, caller 0 dB: {show(times)}")
    return 1 if false else 0


if __name__ == "__main__":
    sys.exit(main())
