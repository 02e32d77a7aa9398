"""Fuzzing whole calls: a media socket says anything in any order, to real actors.

Root, actors, session and border are real, on the manual clock; recogniser, voice and brain are
scripted. Whatever was said, no exception leaves the session, no actor dies of it, every ledger
balances, and nothing is left once the socket is gone.
"""

import gc
import json
import weakref
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from loguru import logger

from actors.engines import Engines
from actors.root import CallRoot
from bench import fuzz_codec
from bench.fuzz_words import one_of
from media.frame import FRAME_MS, FRAME_S, SILENCE_FRAME
from telemetry import Metrics
from tests.support.call import settings
from tests.support.engines import CountingSynthesizer, NumberedRecognizer, word
from tests.support.faults import CHILDREN, OwnBrains, living
from tests.support.manual import ManualRuntime
from tests.support.web import digit, mark, media, started, stopped
from web.call_session import Border, CallSession
from web.front import make_voice
from web.tokens import Tokens

STEPS: Final = (5, 70)
"""Events in one sequence, from and to."""

BEGUN_AT_ONCE: Final = 0.7
"""Of the sequences: the others say something else first."""

END_S: Final = 60.0
"""Within which a call whose socket is gone must be over."""

SOUNDS: Final = (SILENCE_FRAME, word(1)[0], word(60)[0], b"", b"\x00" * 7, b"\x55" * 900)
WAITS_S: Final = (0.0, FRAME_S, FRAME_S, 0.1, 0.1, 0.5, 0.5, 3.0, 12.0)
KEYS: Final = "0123456789*#AZ"
MARKS_KEPT: Final = 20

WEIGHTS: Final = {
    "begin": 3,
    "speak": 10,
    "silence": 6,
    "sound": 8,
    "jump": 2,
    "key": 3,
    "echo": 5,
    "mark": 2,
    "stop": 1,
    "binary": 1,
    "spoilt": 6,
    "flood": 1,
    "wait": 6,
    "close": 1,
}
"""How often each kind of event comes."""


class Line:
    """One media socket that says what it is told to, and the server behind it.

    Implements `web.caller_socket.Transport`.
    """

    unsent_bytes = 0

    def __init__(self, random: Random) -> None:
        self.random = random
        self.manual = ManualRuntime()
        self.metrics = Metrics()
        configured = settings(no_media_timeout_s=5, max_call_s=60)
        self.recognizer, self.synthesizer = NumberedRecognizer(), CountingSynthesizer()
        engines = Engines(self.recognizer, self.synthesizer, OwnBrains())
        clock = self.manual.clock
        self.root = CallRoot(self.manual.runtime, configured, engines, self.metrics, logger)
        tokens = Tokens(ttl_s=60, max_tokens=8, now=clock.now)
        self.tokens = tokens if random.random() < 0.5 else None  # noqa: PLR2004
        border = Border(self.root, self.tokens, self.metrics, lambda: make_voice(configured), clock)
        self.session = CallSession(border, self)
        self.marks: list[str] = []
        self.finished = self.closed = False
        self.media_ms = 0
        self.did: Counter[str] = Counter()

    # --- the transport -----------------------------------------------------------------

    def send_text(self, message: bytes) -> None:
        """Remember the marks."""
        sent: dict[str, Any] = json.loads(message)
        if sent["event"] == "mark":
            self.marks = [*self.marks, sent["mark"]["name"]][-MARKS_KEPT:]

    def finish(self, code: int, reason: str) -> None:
        """Hear no more, as the media socket does."""
        assert 1000 <= code < 5000, code  # noqa: PLR2004  # RFC 6455, 7.4.2
        assert len(reason.encode()) < 124, reason  # noqa: PLR2004
        self.finished = True

    def abort(self) -> None:
        """Be gone."""
        self.finished = True

    # --- what is said --------------------------------------------------------------------

    def step(self) -> None:
        """Let one event happen."""
        kind = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        self.did[kind] += 1
        getattr(self, kind)()
        self.manual.settle()

    def say(self, message: bytes) -> None:
        """Send one text message."""
        if not (self.finished or self.closed):
            self.session.on_text(message)

    def begin(self) -> None:
        """Send a start, with the right token, a wrong one or none."""
        number = one_of(self.random, (1, 1, 1, 2))
        token = one_of(self.random, (None, "wrong", "right", "right", "right"))
        if token == "right" and self.tokens is not None:  # noqa: S105  # no secret
            token = self.tokens.issue(f"CA{number}")
        self.say(started(f"CA{number}", one_of(self.random, ("MZ1", "MZ1", "MZ2")), token))

    def speak(self) -> None:
        """Say a word that the recogniser understands."""
        self._send(word(self.random.randrange(1, 110)))

    def silence(self) -> None:
        """Say nothing for a while, on an open line."""
        self._send([SILENCE_FRAME] * self.random.randrange(60))

    def sound(self) -> None:
        """Send audio of any kind, in this stream's name or another's."""
        stream_sid = one_of(self.random, ("MZ1", "MZ1", "MZ1", "MZ2"))
        self.say(media(one_of(self.random, SOUNDS), self.media_ms, stream_sid))

    def jump(self) -> None:
        """Let the media clock jump, to and fro."""
        self.media_ms = max(0, self.media_ms + self.random.randrange(-5000, 5000))
        if self.random.random() < 0.1:  # noqa: PLR2004
            self.media_ms = 2**53 - 1 - 60_000

    def key(self) -> None:
        """Press a key, sometimes none that there is."""
        self.say(digit(one_of(self.random, KEYS)))

    def echo(self) -> None:
        """Echo a mark that was asked for."""
        if self.marks:
            self.say(mark(self.marks.pop(self.random.randrange(len(self.marks)))))

    def mark(self) -> None:
        """Echo a mark that was never asked for."""
        self.say(mark(one_of(self.random, ("x#1", "a#999999", "#", "1#1", "a" * 256))))

    def stop(self) -> None:
        """End the stream, this one or another."""
        self.say(stopped(one_of(self.random, ("MZ1", "MZ2"))))

    def binary(self) -> None:
        """Send a binary message."""
        if not (self.finished or self.closed):
            self.session.on_binary()

    def spoilt(self) -> None:
        """Send what the codec is fuzzed with."""
        self.say(fuzz_codec.message(self.random))

    def flood(self) -> None:
        """Send far too much of one thing, all at once."""
        floods: tuple[Callable[[], object], ...] = (self.key, self.mark, self.sound, self.spoilt)
        send = one_of(self.random, floods)
        for _ in range(self.random.randrange(600)):
            send()

    def wait(self) -> None:
        """Let time pass."""
        self.manual.advance(one_of(self.random, WAITS_S))

    def close(self) -> None:
        """Lose the connection."""
        if not self.closed:
            self.closed = True
            self.session.on_closed(one_of(self.random, (None, 1000, 1006, 4000)))

    def _send(self, frames: list[bytes]) -> None:
        for frame in frames:
            self.say(media(frame, self.media_ms))
            self.media_ms += FRAME_MS
            self.manual.advance(FRAME_S)

    # --- what must hold ------------------------------------------------------------------

    def count(self, name: str, **labels: str) -> float:
        """Read a metric."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    def check(self) -> None:
        """Demand that everything has ended and was accounted for."""
        assert self.root.active == 0, "the call is not over"
        assert self.manual.clock.pending == 0, "a timer is left"
        assert self.manual.metronome.members == 0, "a member of the metronome is left"
        assert living(self.manual) == [], "an actor is left"
        assert self.count("ledger_errors_total") == 0, "a ledger does not balance"
        assert self.count("control_overflows_total") == 0, "a control lane overflowed"
        for child in (*CHILDREN, "call"):
            assert self.count("child_failures_total", child=child) == 0, f"{child} crashed"


def run(seed: int) -> Counter[str]:
    """Play one sequence; returns what happened in it, `calls` for the calls that began.

    Raises:
        AssertionError: a promise was broken.
    """
    random = Random(seed)  # noqa: S311  # not for secrets
    line = Line(random)
    held: list[weakref.ref[Any]] = []
    if random.random() < BEGUN_AT_ONCE:
        line.begin()
    for _ in range(random.randrange(*STEPS)):
        line.step()
        if not held:
            held = [weakref.ref(live.parts) for live in line.root._live.values()]  # noqa: SLF001
    line.close()
    line.manual.advance(END_S)
    line.check()
    line.did["calls"] = len(line.root._ended)  # noqa: SLF001
    for scripted in (line.recognizer.streams, line.recognizer.requests, line.synthesizer.jobs):
        scripted.clear()  # the scripted engines keep what they were asked
    if any(ref() is not None for ref in held):
        gc.collect()
        assert all(ref() is None for ref in held), "the call is not freed"
        line.did["freed late"] += 1
    return line.did
