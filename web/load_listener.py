"""The load signal's ear: the lateness of the event loop goes to admission.

Owns the line about a new level; what the lateness means is decided by the admission. The pulse
of the loop calls what is made here.
"""

from loguru import logger

from telemetry import Listener
from web.admission import Admission


def load_listener(admission: Admission) -> Listener:
    """Make what tells an admission how late the loop is."""

    def on_beat(late_s: float) -> None:
        level = admission.observe(late_s)
        if level is not None:
            logger.warning("load: {}", level)

    return on_beat
