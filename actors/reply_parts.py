"""What the replies of a call are made with. Plain data, put together by AgentActor."""

from collections.abc import Callable
from dataclasses import dataclass

from actors.agent_memory import AgentMemory
from actors.caller_voice import CallerVoice
from actors.clock import Timer
from actors.context import CallContext
from actors.digit_entry import DigitEntry
from actors.family import OutOfBand
from actors.speaker import Speaker
from actors.turn_log import TurnLog


@dataclass(frozen=True, slots=True)
class ReplyParts:
    """Whom and what `actors.replies` needs."""

    context: CallContext
    memory: AgentMemory
    speaker: Speaker
    voice: CallerVoice
    turn_log: TurnLog
    entry: DigitEntry

    tell_self: Callable[[OutOfBand], None]
    """Sends the owner a message."""

    after: Callable[[float, OutOfBand], Timer]
    """Sends it one later."""

    on_over: Callable[[], None]
    """Called when a reply has been heard to its end, or cannot be."""
