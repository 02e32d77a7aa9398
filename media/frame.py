"""The unit every part of the call path moves: one frame, 20 ms of telephone audio.

Twilio Media Streams carries G.711 µ-law, 8000 Hz, one channel (`start.mediaFormat`,
twilio.com/docs/voice/media-streams/websocket-messages). Everything here follows from that.
"""

from typing import Final

SAMPLE_RATE_HZ: Final = 8000
"""Samples a second; in µ-law one sample is one byte."""

BYTES_PER_MS: Final = SAMPLE_RATE_HZ // 1000
"""µ-law bytes in a millisecond."""

FRAME_MS: Final = 20
"""Packetisation time (RTP calls it ptime): what Twilio sends in one message."""

FRAME_S: Final = FRAME_MS / 1000
"""The same in seconds."""

FRAME_BYTES: Final = FRAME_MS * BYTES_PER_MS
"""Bytes in a frame: 160."""

SILENCE_BYTE: Final = 0xFF
"""µ-law code of the sample 0 (ITU-T G.711)."""

SILENCE_FRAME: Final = bytes([SILENCE_BYTE]) * FRAME_BYTES
"""One frame of digital silence."""
