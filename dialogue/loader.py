"""From a TOML file to a dialogue, or to one clear line about what is wrong with the file.

Reads a file once at boot and checks all of it, so that no call can meet a mistake. The
format is described in docs/dialogues.md; `dialogue.fields` reads types, `dialogue.checks`
single values, `dialogue.intents` the intents; this module knows which other key goes where.
The server calls `load_dialogue`.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dialogue import checks
from dialogue.backchannels import backchannels_for
from dialogue.conflicts import check_together
from dialogue.defaults import Defaults, defaults_for, is_english
from dialogue.fields import DialogueError, Fields, quoted
from dialogue.intents import ENDINGS, ending, intents, name, replies, reply
from dialogue.ports import EndCall, Manners
from dialogue.script import (
    DEFAULT_STRIKES,
    MAX_BACKCHANNEL_CHARACTERS,
    MAX_BACKCHANNELS,
    MAX_STRIKES,
    SILENCE_RANGE_S,
    Intent,
    NoRecognition,
    Script,
)
from dialogue.scripted import ScriptedDialogue
from dialogue.text_file import read_text_file

MAX_FILE_BYTES: Final = 1_048_576
"""A larger file is no dialogue and is not read."""

_SCRIPT_KEYS: Final = (
    *("name", "language", "greeting", "greeting_interruptible", "not_understood", "apology"),
    *("goodbye", "one_moment", "filler", "backchannels", "strikes"),
    *("silence", "no_recognition", "intents"),
)
_SILENCE_KEYS: Final = ("after_s", "reply")
_NO_RECOGNITION_KEYS: Final = ("reply", "action", "transfer_to")


def load_dialogue(path: Path) -> ScriptedDialogue:
    """Read a dialogue file.

    Args:
        path: A TOML file of at most `MAX_FILE_BYTES`.

    Raises:
        DialogueError: it cannot be used; one line with the file, the key, what is expected.
    """
    try:
        return ScriptedDialogue(parse_script(read_text_file(path, MAX_FILE_BYTES)))
    except DialogueError as error:
        raise DialogueError(f"{path}: {error}") from None


def parse_script(text: str) -> Script:
    """Make a script of the text of a dialogue file.

    Raises:
        DialogueError: it is wrong; the line begins with the key and names no file.
    """
    try:
        values = tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, and Python's limit on the digits of a number
        raise DialogueError(f"not TOML: {error}") from None
    except RecursionError:
        raise DialogueError("not TOML: nested too deeply") from None
    script = _script(Fields(values, "", _SCRIPT_KEYS))
    check_together(script)
    return script


def _script(fields: Fields) -> Script:
    language = checks.language(fields.place("language"), fields.text("language", 20))
    wishes = intents(fields, english=is_english(language))
    silence = fields.table("silence", _SILENCE_KEYS)
    return Script(
        name=name(fields),
        language=language,
        greeting=reply(fields, "greeting"),
        greeting_interruptible=fields.switch("greeting_interruptible", default=True),
        not_understood=replies(fields, "not_understood"),
        manners=_manners(fields, silence, language),
        strikes=_strikes(fields),
        silence=replies(silence, "reply"),
        no_recognition=_no_recognition(fields, language, wishes),
        intents=wishes,
    )


def _strikes(fields: Fields) -> int:
    return fields.whole("strikes", 0, MAX_STRIKES) if fields.has("strikes") else DEFAULT_STRIKES


def _manners(fields: Fields, silence: Fields, language: str) -> Manners:
    least, most = SILENCE_RANGE_S
    return Manners(
        apology=reply(fields, "apology"),
        goodbye=reply(fields, "goodbye"),
        one_moment=_one_moment(fields, language),
        filler=_filler(fields, language),
        silence_after_s=silence.seconds("after_s", least, most),
        backchannels=backchannels_for(language) | _backchannels(fields),
    )


def _one_moment(fields: Fields, language: str) -> str:
    if fields.has("one_moment"):
        return reply(fields, "one_moment")
    return _defaults(fields.place("one_moment"), "a text", language).one_moment


def _filler(fields: Fields, language: str) -> str:
    """Unlike the texts for trouble it may be missing: then nothing is said."""
    if fields.has("filler"):
        return reply(fields, "filler")
    ready = defaults_for(language)
    return ready.filler if ready else ""


def _backchannels(fields: Fields) -> frozenset[str]:
    if not fields.has("backchannels"):
        return frozenset()
    place = fields.place("backchannels")
    texts = fields.texts("backchannels", MAX_BACKCHANNEL_CHARACTERS, MAX_BACKCHANNELS)
    return frozenset(
        checks.listening(f"{place}[{index}]", text) for index, text in enumerate(texts)
    )


def _no_recognition(fields: Fields, language: str, wishes: Sequence[Intent]) -> NoRecognition:
    # Keys of follow-ups alone do not count: a caller nobody can hear may never get to them.
    has_keys = any(intent.key for intent in wishes)
    if fields.has("no_recognition"):
        table = fields.table("no_recognition", _NO_RECOGNITION_KEYS)
        return _written_no_recognition(table, has_keys=has_keys)
    ready = _defaults(fields.place("no_recognition"), "a table: [no_recognition]", language)
    if has_keys:
        return NoRecognition((ready.keys_only,), None)
    return NoRecognition((ready.call_again,), EndCall())


def _written_no_recognition(fields: Fields, *, has_keys: bool) -> NoRecognition:
    said = replies(fields, "reply")
    action = fields.choice("action", (*ENDINGS, "keys"))
    if action == "keys" and not has_keys:
        expected = 'a key in at least one of [[intents]], follow-ups not counted, for "keys"'
        raise DialogueError(f"{fields.place('action')}: expected {expected}")
    return NoRecognition(said, ending(fields, action))


def _defaults(place: str, kind: str, language: str) -> Defaults:
    """Return what to say where the file leaves it out."""
    if ready := defaults_for(language):
        return ready
    but = f"only English and Hebrew files may leave it out, not one in {quoted(language)}"
    raise DialogueError(f"{place}: missing; expected {kind}; {but}")
