"""The transmitting side of a call: paces the agent's speech to the caller.

The only writer of messages to the caller's socket. Sends on the 20 ms grid with a small
lead, marks in their place among the frames, `clear` at once. Takes speech on demand: when
it runs low it asks the agent for more. Knows nothing of speech, turns of talk or restarts.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final, assert_never

from actors.context import CallContext
from actors.family import Message
from actors.loop_actor import LoopActor
from actors.mailbox import Mailbox
from actors.messages import (
    AgentMessage,
    ChildFailed,
    Clear,
    CloseSocket,
    FramesWanted,
    Mark,
    MarkEchoed,
    MarkFlushed,
    MarkPlayed,
    OutboundFrame,
    PlaybackStarted,
    TxMessage,
)
from actors.peer import Peer
from actors.socket import CallerSocket
from media.playout import PlayoutClock
from telemetry import TX_STARTED

STALE: Final = "stale"
"""Drop reason: the frame's playback had been cleared."""

SLOW_PEER: Final = "slow_peer"
"""Drop reason: the socket already owes the far side as much as it may."""

MARKS_KEPT: Final = 256
"""Marks remembered while their echo is awaited: over two minutes of speech."""


@dataclass(slots=True)
class Stretch:
    """The frames since the last mark: whether the next mark may say that they were heard."""

    whole: bool = True
    marked: bool = False

    def add(self, *, sent: bool) -> None:
        """Add a frame that was sent or dropped; the first one behind a mark begins anew."""
        self.whole = sent and (self.whole or self.marked)
        self.marked = False

    def mark(self) -> bool:
        """End it with a mark, or with several; says whether it is whole."""
        self.marked = True
        return self.whole


@dataclass(slots=True)
class TxState:
    """What a restarted TX takes over from its predecessor."""

    playout: PlayoutClock
    cleared_epoch: int = 0
    """Everything up to this epoch is not to be heard any more."""

    started_epoch: int = 0
    """The newest stretch of a playback whose first frame is on the wire."""

    marks: OrderedDict[str, int] = field(default_factory=OrderedDict[str, int])
    """Marks sent and not echoed yet, with their epochs."""

    stretch: Stretch = field(default_factory=Stretch)


class TxActor(LoopActor):
    """Paces outbound frames onto the caller's socket."""

    def __init__(
        self,
        context: CallContext,
        mailbox: Mailbox[TxMessage],
        supervisor: Peer[ChildFailed],
        state: TxState,
        agent: Peer[AgentMessage],
        socket: CallerSocket,
    ) -> None:
        super().__init__(context.runtime, mailbox, supervisor, context.label("tx"))
        self._context = context
        self._state = state
        self._agent = agent
        self._socket = socket
        self._low_frames = context.settings.tx_credit_low_frames
        self._owed_max = context.settings.tx_owed_messages
        self._asked_at_entered = -1

    def on_start(self) -> None:
        """Keep the ordered lane for the beat."""
        self.mailbox.hold(holding=True)
        self.runtime.metronome.join(self)
        self._context.log.info(TX_STARTED)

    def on_receive(self, message: Any) -> None:
        """Deal with what overtakes; frames, marks and the close go by `on_tick`."""
        tx_message: TxMessage = message
        match tx_message:
            case Clear():
                self._on_clear(tx_message)
            case MarkEchoed():
                self._on_mark_echoed(tx_message)
            case OutboundFrame() | Mark() | CloseSocket():
                self._send(tx_message, self.runtime.clock.now())
            case _:
                assert_never(tx_message)

    def on_tick(self, now: float) -> None:
        """Send until the lead is whole again."""
        playout = self._state.playout
        while playout.due_frames(now):
            message = self.mailbox.take_in_order()
            if message is None:
                playout.ended(now)
                break
            self._send(message, now)
            if isinstance(message, CloseSocket):
                return
        self._ask_for_more()

    # --- sending ---------------------------------------------------------------------

    def _send(self, message: Message, now: float) -> None:
        match message:
            case OutboundFrame():
                self._send_frame(message, now)
            case Mark():
                self._send_mark(message)
            case CloseSocket():
                self._socket.close(message.reason)
            case _:
                msg = f"TX cannot send a {type(message).__name__}"
                raise TypeError(msg)

    def _send_frame(self, frame: OutboundFrame, now: float) -> None:
        if frame.epoch <= self._state.cleared_epoch:
            self.mailbox.drop_in_hand(STALE)
        elif self._socket.owed_messages >= self._owed_max:
            self.mailbox.drop_in_hand(SLOW_PEER)
            self._state.playout.sent(now)
            self._state.stretch.add(sent=False)
        else:
            self._socket.send_media(frame.payload)
            self._state.playout.sent(now)
            self._state.stretch.add(sent=True)
            self._context.stats.frames_out += 1
            self._note_start(frame.epoch, now)

    def _note_start(self, epoch: int, now: float) -> None:
        if epoch > self._state.started_epoch:
            self._state.started_epoch = epoch
            self._agent.post(PlaybackStarted(epoch, now))

    def _send_mark(self, mark: Mark) -> None:
        """Send a mark, unless its echo would say that frames were heard which never went out."""
        if mark.epoch <= self._state.cleared_epoch or not self._state.stretch.mark():
            self._agent.post(MarkFlushed(mark.name, mark.epoch))
            return
        marks = self._state.marks
        marks[mark.name] = mark.epoch
        if len(marks) > MARKS_KEPT:
            marks.popitem(last=False)
        self._socket.send_mark(mark.name)

    def _ask_for_more(self) -> None:
        """Tell the agent once each time the mailbox runs low: again only after new speech."""
        entered = self.mailbox.ledger.entered
        low = self.mailbox.held_frames <= self._low_frames
        if low and entered != self._asked_at_entered and entered:
            self._asked_at_entered = entered
            self._agent.post(FramesWanted())

    # --- what overtakes --------------------------------------------------------------

    def _on_clear(self, clear: Clear) -> None:
        self._state.cleared_epoch = max(self._state.cleared_epoch, clear.epoch)
        flushed = self.mailbox.flush_in_order(STALE, lambda held: _is_up_to(held, clear.epoch))
        self._socket.send_clear()
        self._state.playout.cleared()
        self._state.stretch = Stretch()
        for mark in flushed:
            if isinstance(mark, Mark):
                self._agent.post(MarkFlushed(mark.name, mark.epoch))

    def _on_mark_echoed(self, echo: MarkEchoed) -> None:
        """A mark that comes back after its playback was cleared was not heard."""
        epoch = self._state.marks.pop(echo.name, None)
        if epoch is None:
            return
        if epoch <= self._state.cleared_epoch:
            self._agent.post(MarkFlushed(echo.name, epoch))
        else:
            self._agent.post(MarkPlayed(echo.name, epoch))


def _is_up_to(message: Message, epoch: int) -> bool:
    return isinstance(message, OutboundFrame | Mark) and message.epoch <= epoch
