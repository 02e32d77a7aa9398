"""The system prompt of a model: a file's text, or a short one of our own.

Reads the file once at boot. `dialogue.agents` asks.
"""

from pathlib import Path
from typing import Final

from dialogue.fields import DialogueError
from dialogue.text_file import read_text_file

MAX_PROMPT_BYTES: Final = 100_000
"""About 25 000 tokens, sent with every request."""

_LANGUAGES: Final = {"en": "English", "he": "Hebrew", "iw": "Hebrew"}

_DEFAULT: Final = (
    "You answer a telephone call; the caller hears you through a voice. Answer in {language},"
    " in one or two short sentences, as people speak. No lists, no Markdown, no emoji; write"
    " numbers, times and abbreviations the way they are spoken. What the caller says was"
    " recognised by a machine and may contain mistakes: ask when it makes no sense. Lines in"
    " square brackets tell what happened on the line; never say such lines yourself. Never"
    " invent facts; say so when you do not know something."
)


def default_prompt(language: str) -> str:
    """Return a prompt for a dialogue in this language, a BCP 47 tag."""
    known = _LANGUAGES.get(language.partition("-")[0].lower())
    return _DEFAULT.format(language=known or f"the language {language}")


def read_prompt(path: Path) -> str:
    """Return the text of a prompt file.

    Raises:
        DialogueError: it cannot be used; one line.
    """
    try:
        text = read_text_file(path, MAX_PROMPT_BYTES).strip()
    except DialogueError as error:
        raise DialogueError(f"OPENAI_PROMPT_FILE={path}: {error}") from None
    if not text:
        raise DialogueError(f"OPENAI_PROMPT_FILE={path}: empty; expected the system prompt")
    return text
