"""One text on its way to become speech, in an engine that synthesises over the network.

Owns: the task that asks, the times within which there must be audio, and the sink, which
hears of each trouble exactly once. What is asked of whom is not its business: it gets an
asynchronous generator of audio. Google's synthesiser makes one for each text.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from speech.chunk_joiner import ChunkJoiner
from speech.ports import (
    AudioChunk,
    SynthesisDone,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisSink,
)
from speech.reason import short_reason
from speech.waiting_line import WaitingLine

BETWEEN_S: Final = 2.5
"""Between two pieces of audio. A voice is made several times faster than it is heard, so by
then the caller has been listening to nothing."""

Speak = Callable[[str], AsyncGenerator[bytes, None]]
"""Makes the µ-law of a text, in pieces of any length; raises `CallFailed`."""


class CallFailed(Exception):
    """The far side did not do what it was asked.

    Args:
        status: a gRPC status name.
        detail: what it said, as it said it; may hold the text.
    """

    def __init__(self, status: str, detail: str) -> None:
        super().__init__(status)
        self.status = status
        self.detail = detail


class SynthesisJob:
    """Implements `speech.ports.Cancellable` and `speech.waiting_line.Job`.

    Args:
        text: what to speak.
        sink: who hears it.
        speak: makes the audio.
        line: where it has to wait for its turn.
        first_audio_s: from now to the first audio.
        whole_s: from now to the last.
        between_s: from one piece of audio to the next.
    """

    def __init__(
        self,
        text: str,
        sink: SynthesisSink,
        speak: Speak,
        line: "WaitingLine[SynthesisJob]",
        *,
        first_audio_s: float,
        whole_s: float,
        between_s: float = BETWEEN_S,
    ) -> None:
        self._text = text
        self._sink: SynthesisSink | None = sink
        self._speak = speak
        self._line = line
        self._joiner = ChunkJoiner()
        self.task: asyncio.Task[None] | None = None
        """What asks; None while it waits for its turn, and when it is over."""
        later = asyncio.get_running_loop().call_later
        self._first = later(first_audio_s, self._too_late, f"no audio within {first_audio_s} s")
        self._between_s = between_s
        self._between: asyncio.TimerHandle | None = None
        self._whole = later(whole_s, self._too_late, f"not spoken within {whole_s} s")
        if not line.enter(self):
            self.fail("RESOURCE_EXHAUSTED", "too many texts wait for Google's voice")

    def start(self) -> None:
        """Ask; the line says when."""
        self.task = asyncio.get_running_loop().create_task(self._run())
        self.task.add_done_callback(self._forget_task)

    def cancel(self) -> None:
        """Drop the text and what is asked of the far side; the sink hears nothing more."""
        self._release()

    def fail(self, status: str, detail: str) -> None:
        """End it: it will not be spoken, or not to its end."""
        self._end(SynthesisFailed(short_reason(status, detail, self._text)))

    async def _run(self) -> None:
        try:
            async with aclosing(self._speak(self._text)) as pieces:
                async for piece in pieces:
                    self._hand_over(self._joiner.add(piece))
                    if self._sink is None:  # called off by whoever heard this piece
                        return
        except CallFailed as error:
            self.fail(error.status, error.detail)
        except Exception as error:  # noqa: BLE001  # a bug here must not leave an agent waiting
            self.fail("INTERNAL", type(error).__name__)
        else:
            self._finish()

    def _finish(self) -> None:
        self._hand_over(self._joiner.rest())
        if not self._joiner.total_bytes and any(map(str.isalnum, self._text)):
            self.fail("OK", "ended without any audio")
            return
        self._end(SynthesisDone())

    def _hand_over(self, audio: bytes) -> None:
        if self._joiner.total_bytes:
            self._first.cancel()
            self._expect_more()
        if audio and self._sink is not None:
            self._sink(AudioChunk(audio))

    def _expect_more(self) -> None:
        if self._between is not None:
            self._between.cancel()
        self._between = asyncio.get_running_loop().call_later(
            self._between_s, self._too_late, f"nothing more within {self._between_s} s"
        )

    def _forget_task(self, _: asyncio.Task[None]) -> None:
        """A cancelled task holds on to its call, and that to the channel."""
        self.task = None

    def _too_late(self, what: str) -> None:
        self.fail("DEADLINE_EXCEEDED", what)

    def _end(self, event: SynthesisEvent) -> None:
        sink = self._sink
        self._release()
        if sink is not None:
            sink(event)

    def _release(self) -> None:
        """Let go of everything; a task that ends by itself needs no cancelling."""
        self._sink = None
        for timer in (self._first, self._whole, self._between):
            if timer is not None:
                timer.cancel()
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()
        self._line.leave(self)
