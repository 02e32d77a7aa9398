"""Where the border sends the messages of one call.

Made by the root with each call and handed to the web layer, which knows nothing else of it.
"""

from dataclasses import dataclass

from actors.call_parts import CallParts
from actors.messages import AgentMessage, CallMessage, RxMessage, TxMessage
from actors.peer import MediaPeer, Peer
from actors.recorder import Recorder


@dataclass(frozen=True, slots=True)
class CallLine:
    """The four mailboxes that the border writes to."""

    rx: MediaPeer[RxMessage]
    tx: Peer[TxMessage]
    agent: Peer[AgentMessage]
    call: Peer[CallMessage]


def call_line(parts: CallParts, recorder: Recorder) -> CallLine:
    """Make the line of a call; what it carries is recorded, if anything is."""
    tap = recorder.peer
    return CallLine(
        tap("rx", parts.rx), tap("tx", parts.tx), tap("agent", parts.agent), tap("call", parts.call)
    )
