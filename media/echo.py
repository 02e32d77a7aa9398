"""Keeps the agent's own voice, come back on the line, from passing for the caller's.

Owns one call's echo guard: the frames that the far player still has to play, and the verdict
on each frame that comes in. Pure: no clock, no I/O; inbound frames, one for each 20 ms of
media time, are what moves the player on. It cancels nothing and changes no audio: the
recogniser hears everything. The caller's socket tells it what is played, voice edges ask it.
"""

from collections import deque
from typing import Final

from media.echo_evidence import Evidence
from media.echo_level import QUIET, level
from media.echo_noise import LineNoise
from media.echo_path import BLOCK_FRAMES, DELAYS, EchoPath
from media.frame import FRAME_BYTES, FRAME_MS

UNPLAYED_FRAMES: Final = 128
"""Frames sent and not played (2.6 s). TX is 60 ms ahead; the rest is for inbound audio that a
network holds back, which holds back the player's clock as seen from here."""

IN_FLIGHT_FRAMES: Final = 5
"""Frames still played after a `clear` was sent (100 ms): it travels as long as they did."""

ECHO_FRAMES: Final = DELAYS + 2 * BLOCK_FRAMES
"""Frames after the last one played in which an echo may come and something is learned."""


class EchoGuard:
    """The echo guard of one call. About 10 kB."""

    __slots__ = (
        "_due_ms",
        "_evidence",
        "_live_frames",
        "_noise",
        "_path",
        "_unplayed",
    )

    def __init__(self) -> None:
        self._unplayed: deque[int] = deque(maxlen=UNPLAYED_FRAMES)
        self._path = EchoPath()
        self._evidence = Evidence()
        self._noise = LineNoise()
        self._live_frames = 0
        self._due_ms = 0

    @property
    def masks(self) -> bool:
        """Whether a known echo is audible now, which may hide a voice."""
        live = self._live_frames and self._path.known
        return bool(live) and self._path.main_echo() >= self._noise.floor

    def played(self, payload: bytes) -> None:
        """Note audio on its way to the far player, µ-law, any length."""
        if len(payload) == FRAME_BYTES:
            self._unplayed.append(level(payload))
            return
        for start in range(0, len(payload), FRAME_BYTES):
            self._unplayed.append(level(payload[start : start + FRAME_BYTES]))

    def cleared(self) -> None:
        """Note that the far player was told to throw away what it has not played."""
        while len(self._unplayed) > IN_FLIGHT_FRAMES:
            self._unplayed.pop()

    def stands_out(self, payload: bytes, timestamp_ms: int) -> bool:
        """Say whether a frame is more than echo; True for quiet ones, which need no guard.

        Args:
            payload: µ-law, 160 bytes.
            timestamp_ms: media time; frames that never came count as silence.
        """
        lost_ms = timestamp_ms - self._due_ms
        self._due_ms = timestamp_ms + FRAME_MS
        if not (self._live_frames or self._unplayed):
            return True
        if lost_ms >= FRAME_MS:
            self._skip(lost_ms // FRAME_MS)
        return self._judge(self._play(), level(payload))

    def _judge(self, played: int, heard: int) -> bool:
        path = self._path
        path.push(played, heard)
        audible = heard >= self._noise.floor
        if audible and path.silent:
            self._evidence.complete()
        # What the main echo explains is no evidence against other delays: a line may have two.
        elif not audible or (path.known and heard <= path.main_echo()):
            self._evidence.fade()
        else:
            self._evidence.add(heard, path.echoes())
        voice = heard < QUIET or self._evidence.enough
        if path.judged(voice=voice and audible):
            self._noise.learn(path.block_heard)
        return voice

    def _skip(self, frames: int) -> None:
        """Let the player go on while nothing came in."""
        frames = min(frames, UNPLAYED_FRAMES + ECHO_FRAMES)
        # What waits was sent lately: before it, the player had nothing to play.
        for _ in range(frames - len(self._unplayed)):
            self._judge(0, 0)
        for _ in range(min(frames, len(self._unplayed))):
            self._judge(self._play(), 0)

    def _play(self) -> int:
        """Take the level that the far player plays now."""
        if self._unplayed:
            self._live_frames = ECHO_FRAMES
            return self._unplayed.popleft()
        self._live_frames -= self._live_frames > 0
        return 0
