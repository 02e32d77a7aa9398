"""Who has the floor, and what becomes of what is heard: turn taking as one table.

Pure: a state of the talk and something heard give one move. It holds no words, no timers and
no audio: the agent judges what it heard, looks here, and does it. When an utterance ends is
`media.turn_end`'s business; which words add something to a turn `dialogue.revision`'s.
"""

from enum import Enum
from typing import Final


class Floor(Enum):
    """Who has the floor."""

    LISTENING = "listening"
    """The caller: nothing is said or thought out."""

    YIELDED = "yielded"
    """The caller: words of theirs have ended the answer, and what they say is still to come."""

    REPLYING = "replying"
    """The agent: an answer is thought out or heard, and may be interrupted."""

    HELD = "held"
    """Nobody yet: the caller's voice has stopped the answer, words will decide."""

    NOTICE = "notice"
    """The agent: what it says must be heard to its end."""

    ENDING = "ending"
    """The agent, with the last words of the call."""


class Heard(Enum):
    """Something that was heard of the caller, or not heard of them for long enough."""

    VOICE = "voice"
    """A voice that has lasted as long as is asked of an interruption."""

    WORDS = "words"
    """Words that are meant, of an utterance still going on."""

    MURMUR = "murmur"
    """Words so far that a listener says: too few, or backchannels."""

    UTTERANCE = "utterance"
    """A finished utterance."""

    MURMURED = "murmured"
    """A finished one that is a murmur."""

    ECHO = "echo"
    """Words of the agent's own, come back to us."""

    NOISE = "noise"
    """A finished one in which nobody could make out anything."""

    NOTHING_NEW = "nothing_new"
    """A finished one that says what is being answered already."""

    KEY = "key"
    """A key that asks for an answer."""

    KEY_OF_ENTRY = "key_of_entry"
    """A key of several that are being collected."""

    QUIET = "quiet"
    """No voice and no words for the time after which a voice was no interruption."""

    SILENCE = "silence"
    """Nobody has said anything for the agent's patience."""


class Move(Enum):
    """What the agent does."""

    NOTHING = "nothing"

    HOLD = "hold"
    """Fall silent at once, and be ready to go on."""

    GO_ON = "go_on"
    """Go on where the caller stopped hearing."""

    GIVE_UP = "give_up"
    """Drop the answer; the caller is going to say something else."""

    ANSWER = "answer"
    """Drop what is being said and answer."""

    TAKE_UP = "take_up"
    """Begin the answer that was given up again, or its rest: the caller has not said anything."""

    KEEP = "keep"
    """Answer when what must be heard has been."""

    PROMPT = "prompt"
    """Ask whether anybody is there."""


_LISTENING: Final = {
    Heard.VOICE: Move.NOTHING,
    Heard.WORDS: Move.NOTHING,
    Heard.MURMUR: Move.NOTHING,
    Heard.UTTERANCE: Move.ANSWER,
    Heard.MURMURED: Move.ANSWER,  # to a question it is an answer
    Heard.ECHO: Move.NOTHING,
    Heard.NOISE: Move.ANSWER,
    Heard.NOTHING_NEW: Move.NOTHING,
    Heard.KEY: Move.ANSWER,
    Heard.KEY_OF_ENTRY: Move.NOTHING,
    Heard.QUIET: Move.NOTHING,
    Heard.SILENCE: Move.PROMPT,
}

_YIELDED: Final = {
    Heard.VOICE: Move.NOTHING,
    Heard.WORDS: Move.NOTHING,
    Heard.MURMUR: Move.NOTHING,
    Heard.UTTERANCE: Move.ANSWER,
    Heard.MURMURED: Move.TAKE_UP,
    Heard.ECHO: Move.TAKE_UP,
    Heard.NOISE: Move.TAKE_UP,
    Heard.NOTHING_NEW: Move.TAKE_UP,
    Heard.KEY: Move.ANSWER,
    Heard.KEY_OF_ENTRY: Move.GIVE_UP,
    Heard.QUIET: Move.NOTHING,
    Heard.SILENCE: Move.PROMPT,
}

_REPLYING: Final = {
    Heard.VOICE: Move.HOLD,
    Heard.WORDS: Move.GIVE_UP,
    Heard.MURMUR: Move.NOTHING,
    Heard.UTTERANCE: Move.ANSWER,
    Heard.MURMURED: Move.NOTHING,
    Heard.ECHO: Move.NOTHING,
    Heard.NOISE: Move.NOTHING,
    Heard.NOTHING_NEW: Move.NOTHING,
    Heard.KEY: Move.ANSWER,
    Heard.KEY_OF_ENTRY: Move.GIVE_UP,
    Heard.QUIET: Move.NOTHING,
    Heard.SILENCE: Move.NOTHING,
}

_HELD: Final = {
    Heard.VOICE: Move.NOTHING,
    Heard.WORDS: Move.GIVE_UP,
    Heard.MURMUR: Move.NOTHING,
    Heard.UTTERANCE: Move.ANSWER,
    Heard.MURMURED: Move.GO_ON,
    Heard.ECHO: Move.NOTHING,
    Heard.NOISE: Move.GO_ON,
    Heard.NOTHING_NEW: Move.GO_ON,
    Heard.KEY: Move.ANSWER,
    Heard.KEY_OF_ENTRY: Move.GIVE_UP,
    Heard.QUIET: Move.GO_ON,
    Heard.SILENCE: Move.NOTHING,
}

_NOTICE: Final = dict.fromkeys(Heard, Move.NOTHING) | {
    Heard.UTTERANCE: Move.KEEP,
    Heard.KEY: Move.KEEP,
}

_ENDING: Final = dict.fromkeys(Heard, Move.NOTHING)

TABLE: Final = {
    Floor.LISTENING: _LISTENING,
    Floor.YIELDED: _YIELDED,
    Floor.REPLYING: _REPLYING,
    Floor.HELD: _HELD,
    Floor.NOTICE: _NOTICE,
    Floor.ENDING: _ENDING,
}
"""Every state of the talk with everything that may be heard in it."""


def move(floor: Floor, heard: Heard) -> Move:
    """Look up what the agent does."""
    return TABLE[floor][heard]
