"""From a TOML file to a dialogue, or to one clear line about what is wrong with the file.

Reads a file once at boot and checks all of it, so that no call can meet a mistake. The
format is described in docs/dialogues.md; `dialogue.fields` reads types, `dialogue.checks`
single values, this module knows which key goes where. The server calls `load_dialogue`.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from dialogue import checks
from dialogue.conflicts import check_together
from dialogue.defaults import Defaults, defaults_for, is_english
from dialogue.fields import DialogueError, Fields, quoted
from dialogue.ports import EndCall, Manners, TransferCall
from dialogue.script import (
    DEFAULT_STRIKES,
    MAX_INTENTS,
    MAX_NAME_CHARACTERS,
    MAX_PHRASE_CHARACTERS,
    MAX_PHRASES,
    MAX_REPLY_CHARACTERS,
    MAX_STRIKES,
    MAX_VARIANTS,
    SILENCE_RANGE_S,
    Intent,
    NoRecognition,
    Script,
    Variants,
)
from dialogue.scripted import ScriptedDialogue

MAX_FILE_BYTES: Final = 1_048_576
"""A larger file is no dialogue and is not read."""

_SCRIPT_KEYS: Final = (
    *("name", "language", "greeting", "not_understood", "apology", "goodbye"),
    *("one_moment", "strikes", "silence", "no_recognition", "intents"),
)
_SILENCE_KEYS: Final = ("after_s", "reply")
_NO_RECOGNITION_KEYS: Final = ("reply", "action", "transfer_to")
_FOLLOW_UP_KEYS: Final = ("name", "phrases", "reply", "key", "action", "transfer_to")
_INTENT_KEYS: Final = (*_FOLLOW_UP_KEYS, "follow_ups")
_ENDINGS: Final = ("transfer", "hangup")


def load_dialogue(path: Path) -> ScriptedDialogue:
    """Read a dialogue file.

    Args:
        path: A TOML file of at most `MAX_FILE_BYTES`.

    Raises:
        DialogueError: it cannot be used; one line with the file, the key, what is expected.
    """
    try:
        return ScriptedDialogue(parse_script(_read(path)))
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


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise DialogueError(f"cannot be read: {error.strerror or error}") from None
    if len(content) > MAX_FILE_BYTES:
        raise DialogueError(f"expected a dialogue file of at most {MAX_FILE_BYTES} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DialogueError(f"not UTF-8 text (at line {line}); save it as UTF-8") from None


def _script(fields: Fields) -> Script:
    language = checks.language(fields.place("language"), fields.text("language", 20))
    intents = _intents(fields, "intents", _INTENT_KEYS, english=is_english(language))
    silence = fields.table("silence", _SILENCE_KEYS)
    return Script(
        name=_name(fields),
        language=language,
        greeting=_reply(fields, "greeting"),
        not_understood=_replies(fields, "not_understood"),
        manners=_manners(fields, silence, language),
        strikes=fields.whole("strikes", DEFAULT_STRIKES, MAX_STRIKES),
        silence=_replies(silence, "reply"),
        no_recognition=_no_recognition(fields, language, intents),
        intents=intents,
    )


def _manners(fields: Fields, silence: Fields, language: str) -> Manners:
    least, most = SILENCE_RANGE_S
    return Manners(
        apology=_reply(fields, "apology"),
        goodbye=_reply(fields, "goodbye"),
        one_moment=_one_moment(fields, language),
        silence_after_s=silence.seconds("after_s", least, most),
    )


def _one_moment(fields: Fields, language: str) -> str:
    if fields.has("one_moment"):
        return _reply(fields, "one_moment")
    return _defaults(fields.place("one_moment"), "a text", language).one_moment


def _no_recognition(fields: Fields, language: str, intents: Sequence[Intent]) -> NoRecognition:
    # Keys of follow-ups alone do not count: a caller nobody can hear may never get to them.
    has_keys = any(intent.key for intent in intents)
    if fields.has("no_recognition"):
        table = fields.table("no_recognition", _NO_RECOGNITION_KEYS)
        return _written_no_recognition(table, has_keys=has_keys)
    ready = _defaults(fields.place("no_recognition"), "a table: [no_recognition]", language)
    if has_keys:
        return NoRecognition((ready.keys_only,), None)
    return NoRecognition((ready.call_again,), EndCall())


def _written_no_recognition(fields: Fields, *, has_keys: bool) -> NoRecognition:
    reply = _replies(fields, "reply")
    action = fields.choice("action", (*_ENDINGS, "keys"))
    if action == "keys" and not has_keys:
        expected = 'a key in at least one of [[intents]], follow-ups not counted, for "keys"'
        raise DialogueError(f"{fields.place('action')}: expected {expected}")
    return NoRecognition(reply, _ending(fields, action))


def _defaults(place: str, kind: str, language: str) -> Defaults:
    """Return what to say where the file leaves it out."""
    if ready := defaults_for(language):
        return ready
    but = f"only English and Hebrew files may leave it out, not one in {quoted(language)}"
    raise DialogueError(f"{place}: missing; expected {kind}; {but}")


def _intents(
    fields: Fields, key: str, allowed: Sequence[str], *, english: bool
) -> tuple[Intent, ...]:
    tables = fields.tables(key, MAX_INTENTS, allowed)
    return tuple(_intent(table, english=english) for table in tables)


def _intent(fields: Fields, *, english: bool) -> Intent:
    return Intent(
        name=_name(fields),
        phrases=_phrases(fields, english=english),
        reply=_replies(fields, "reply"),
        key=_key(fields),
        action=_action(fields),
        follow_ups=_follow_ups(fields, english=english),
    )


def _follow_ups(fields: Fields, *, english: bool) -> tuple[Intent, ...]:
    if not fields.has("follow_ups"):
        return ()
    return _intents(fields, "follow_ups", _FOLLOW_UP_KEYS, english=english)


def _phrases(fields: Fields, *, english: bool) -> tuple[str, ...]:
    place = fields.place("phrases")
    texts = fields.texts("phrases", MAX_PHRASE_CHARACTERS, MAX_PHRASES)
    return tuple(
        checks.phrase(f"{place}[{index}]", text, english=english)
        for index, text in enumerate(texts)
    )


def _key(fields: Fields) -> str | None:
    if not fields.has("key"):
        return None
    return checks.key(fields.place("key"), fields.text("key", MAX_NAME_CHARACTERS))


def _action(fields: Fields) -> TransferCall | EndCall | None:
    return _ending(fields, fields.choice("action", _ENDINGS) if fields.has("action") else None)


def _ending(fields: Fields, action: str | None) -> TransferCall | EndCall | None:
    """Read what an action means for the call; None: it goes on."""
    if action == "transfer":
        target = fields.text("transfer_to", MAX_REPLY_CHARACTERS)
        return TransferCall(checks.transfer_target(fields.place("transfer_to"), target))
    if fields.has("transfer_to"):
        place = fields.place("transfer_to")
        raise DialogueError(f'{place}: expected action = "transfer" beside it')
    return EndCall() if action == "hangup" else None


def _name(fields: Fields) -> str:
    return checks.name(fields.place("name"), fields.text("name", MAX_NAME_CHARACTERS))


def _reply(fields: Fields, key: str) -> str:
    return fields.text(key, MAX_REPLY_CHARACTERS)


def _replies(fields: Fields, key: str) -> Variants:
    return fields.text_or_texts(key, MAX_REPLY_CHARACTERS, MAX_VARIANTS)
