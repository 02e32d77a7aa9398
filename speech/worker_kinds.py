"""The kinds of packet that servers and speech workers exchange.

Owns: the numbers. `speech.packets` owns the form. Both sides import it; a worker and its
server always come from the same checkout, therefore there is no version.
"""

from enum import IntEnum


class ToWorker(IntEnum):
    """What the server sends."""

    CONFIGURE = 1
    """First packet; body: the engine's configuration, UTF-8 JSON. Answer: `READY`."""

    PING = 2
    """Answered with `PONG` once everything before it has been worked off."""

    AUDIO = 3
    """Job: an utterance; body: its next µ-law bytes. The first one begins it."""

    END = 4
    """Job: an utterance has ended. Answer: `FINAL`."""

    DROP = 5
    """Job: forget it. No answer."""

    SPEAK = 6
    """Job: a text; body: the text, UTF-8. Answer: `SPEECH`…, then `SPOKEN`."""


class FromWorker(IntEnum):
    """What a worker answers."""

    READY = 101
    """Configured; body: empty."""

    REFUSED = 102
    """It cannot work; body: one line, UTF-8. The worker exits."""

    PONG = 103
    """Answer to `PING`; for job 0 also a sign of life amid a backlog."""

    PARTIAL = 104
    """Job: body: the hypothesis so far, UTF-8."""

    FINAL = 105
    """Job: body: the text, UTF-8; empty when rejected."""

    SPEECH = 106
    """Job: body: the next µ-law bytes."""

    SPOKEN = 107
    """Job: all of the speech has been sent."""
