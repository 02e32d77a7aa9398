"""What a deployment must keep to, and what this project aims at: the numbers of `phone check`.

Constants only. A *limit* decides between GO and NO-GO; a *target* is what the project promises
of itself and is shown beside. Talked to by the judges.
"""

from typing import Final

PARTIAL_S: Final = 1.2
"""Limit: from the start of the caller's voice to the first partial."""

PARTIAL_TARGET_S: Final = 0.8
FINAL_S: Final = 1.8
"""Limit: from the end of the caller's voice to the final."""

FINAL_TARGET_S: Final = 1.5
TOTAL_S: Final = 2.3
"""Limit: from the end of the caller's voice to the answer; callers ask "hello?" beyond it."""

TOTAL_TARGET_S: Final = 1.1
"""Of the median."""

FPS: Final = 50.0
"""Frames of 20 ms in a second."""

FPS_TOLERANCE: Final = 1.0
"""A second as the server cuts it holds one frame more or less."""

QUEUE: Final = 20
"""Messages in any queue but STT's: 0.4 s of audio."""

STT_QUEUE: Final = 50
"""Messages on the way to the recogniser: 1 s of audio."""

RX_WRITE_MS: Final = 1.0
STT_WRITE_MS: Final = 2.0

SILENT_MS: Final = 400.0
"""From the start of the caller's voice until an interrupted agent is silent."""

ANSWER_WAIT_S: Final = 10.0
"""An answer that has not come by then does not come; how late it may be is `TOTAL_S`."""

LEAST_ANSWER_S: Final = 2.5
"""A shorter answer can neither be interrupted nor be measured for a whole second."""

CADENCE_MS: Final = 60.0
"""Lateness of media, 99 of 100: three frames, about what servers send ahead; later than that
the far player runs dry."""

LEVEL_DBOV: Final = (-32.0, -12.0)
"""Around -26 dBov, the nominal speech level of telephony tests (ITU-T P.830, G.191)."""

CLIPPED_SHARE: Final = 0.001
"""Of the samples of speech: more of them is heard as a crackle."""

PHONE_LATE_MS: Final = 20.0
"""Lateness of the phone's own clock, 99 of 100, from which it cannot judge others."""
