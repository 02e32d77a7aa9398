"""What an agent that stands on top of a dialogue file takes from it: language, phrases, texts.

A base class without a voice of its own; `ModelDialogue` and `OwnDialogue` add the brain.
"""

from collections.abc import Sequence
from typing import Final

from dialogue.scripted import ScriptedDialogue


class FileDialogue:
    """The part of `dialogue.ports.Dialogue` that a file answers."""

    def __init__(self, script: ScriptedDialogue) -> None:
        """Take the file's dialogue."""
        self._script: Final = script

    @property
    def language(self) -> str:
        """The BCP 47 tag of the file."""
        return self._script.language

    def phrases(self) -> Sequence[str]:
        """Return the phrases of the file: hints, or a grammar, for the recogniser."""
        return self._script.phrases()

    def stock_replies(self) -> Sequence[str]:
        """Return the texts of the file; some are spoken whatever the agent says."""
        return self._script.stock_replies()
