"""Every message of the public protocol, one file for each receiver.

The base class (`actors.family`) alone decides a message's fate in a mailbox. Commands are
imperative, facts are in the past tense. Messages that an actor sends to itself are private
and stand in its own file. Times ending in `_at` are seconds of the call's monotonic clock.
An *epoch* is one stretch of a playback: a reply that was held goes on under a new one, and the
number of a reply is its first epoch. Epochs only grow.
"""

from actors.messages.agent import (
    AgentMessage,
    CallConnected,
    DigitPressed,
    FinalTranscript,
    FramesWanted,
    HearingGaveOut,
    HearingLost,
    HearingRestored,
    MarkFlushed,
    MarkPlayed,
    PartialTranscript,
    PlaybackStarted,
    SayGoodbye,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
)
from actors.messages.call import (
    BeginCall,
    CallMessage,
    ChildFailed,
    ControlOverflowed,
    EndPolitely,
    Hangup,
    SingleFailed,
    SocketClosed,
    StreamingHealthy,
    StreamStopped,
    SttAlive,
    SttOpened,
    SttProgress,
    SttSettled,
    Transfer,
    VoiceHeard,
)
from actors.messages.rx import (
    InboundFrame,
    RxMessage,
)
from actors.messages.stt import (
    FailDeaf,
    OpenStream,
    SttMessage,
)
from actors.messages.tx import (
    Clear,
    CloseSocket,
    Mark,
    MarkEchoed,
    OutboundFrame,
    TxMessage,
)

__all__ = [
    "AgentMessage",
    "BeginCall",
    "CallConnected",
    "CallMessage",
    "ChildFailed",
    "Clear",
    "CloseSocket",
    "ControlOverflowed",
    "DigitPressed",
    "EndPolitely",
    "FailDeaf",
    "FinalTranscript",
    "FramesWanted",
    "Hangup",
    "HearingGaveOut",
    "HearingLost",
    "HearingRestored",
    "InboundFrame",
    "Mark",
    "MarkEchoed",
    "MarkFlushed",
    "MarkPlayed",
    "OpenStream",
    "OutboundFrame",
    "PartialTranscript",
    "PlaybackStarted",
    "RxMessage",
    "SayGoodbye",
    "SingleFailed",
    "SocketClosed",
    "SpeechConfirmed",
    "SpeechStarted",
    "SpeechStopped",
    "StreamStopped",
    "StreamingHealthy",
    "SttAlive",
    "SttMessage",
    "SttOpened",
    "SttProgress",
    "SttSettled",
    "Transfer",
    "TxMessage",
    "VoiceHeard",
]
