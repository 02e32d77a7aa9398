"""The engines that all calls of a process share, handed to each call."""

from dataclasses import dataclass

from dialogue.ports import Dialogue
from speech.ports import Recognizer, Synthesizer


@dataclass(frozen=True, slots=True)
class Engines:
    """What a call hears, thinks and speaks with."""

    recognizer: Recognizer
    synthesizer: Synthesizer
    dialogue: Dialogue
