"""The intents of a dialogue file: each of their tables, and what its keys mean together.

Knows which key goes where in `[[intents]]` and what they share with the rest of the file:
names, texts to speak, actions. Checks no intent against another: `dialogue.conflicts` does.
`dialogue.loader` calls it.
"""

from collections.abc import Sequence
from typing import Final

from dialogue import checks
from dialogue.fields import DialogueError, Fields
from dialogue.ports import (
    ENTRY_TIMEOUT_RANGE_S,
    MAX_DIGITS,
    CollectDigits,
    EndCall,
    TransferCall,
)
from dialogue.script import (
    MAX_INTENTS,
    MAX_NAME_CHARACTERS,
    MAX_PHRASE_CHARACTERS,
    MAX_PHRASES,
    MAX_REPLY_CHARACTERS,
    MAX_VARIANTS,
    Collection,
    Intent,
    Variants,
)

ENDINGS: Final = ("transfer", "hangup")
"""The actions that any reply may have."""

_ENTERED_KEYS: Final = ("collected", "not_collected")
_FOLLOW_UP_KEYS: Final = (
    *("name", "phrases", "reply", "key", "action", "transfer_to", "interruptible"),
    *("collect", *_ENTERED_KEYS),
)
_INTENT_KEYS: Final = (*_FOLLOW_UP_KEYS, "follow_ups")
_COLLECT_KEYS: Final = ("digits", "terminator", "timeout_s")
_TERMINATORS: Final = ("#", "*", "")


def intents(fields: Fields, *, english: bool) -> tuple[Intent, ...]:
    """Read the `[[intents]]` of a file, at least one.

    Args:
        fields: The top of the file.
        english: Whether phrases must be such as the English recogniser can hear.

    Raises:
        DialogueError: one of them is wrong.
    """
    return _intents(fields, "intents", _INTENT_KEYS, english=english)


def name(fields: Fields) -> str:
    """Read `name`."""
    return checks.name(fields.place("name"), fields.text("name", MAX_NAME_CHARACTERS))


def reply(fields: Fields, key: str) -> str:
    """Read one text to speak."""
    return checks.without_digits(fields.place(key), fields.text(key, MAX_REPLY_CHARACTERS))


def replies(fields: Fields, key: str) -> Variants:
    """Read the texts of a reply."""
    texts = fields.text_or_texts(key, MAX_REPLY_CHARACTERS, MAX_VARIANTS)
    return tuple(checks.without_digits(fields.place(key), text) for text in texts)


def ending(fields: Fields, action: str | None) -> TransferCall | EndCall | None:
    """Read what an action means for the call; None: it goes on."""
    if action == "transfer":
        target = fields.text("transfer_to", MAX_REPLY_CHARACTERS)
        return TransferCall(checks.transfer_target(fields.place("transfer_to"), target))
    if fields.has("transfer_to"):
        place = fields.place("transfer_to")
        raise DialogueError(f'{place}: expected action = "transfer" beside it')
    return EndCall() if action == "hangup" else None


def _intents(
    fields: Fields, key: str, allowed: Sequence[str], *, english: bool
) -> tuple[Intent, ...]:
    tables = fields.tables(key, MAX_INTENTS, allowed)
    return tuple(_intent(table, english=english) for table in tables)


def _intent(fields: Fields, *, english: bool) -> Intent:
    return Intent(
        name=name(fields),
        phrases=_phrases(fields, english=english),
        reply=replies(fields, "reply"),
        key=_key(fields),
        action=ending(fields, fields.choice("action", ENDINGS) if fields.has("action") else None),
        follow_ups=_follow_ups(fields, english=english),
        interruptible=fields.switch("interruptible", default=True),
        collection=_collection(fields),
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


def _collection(fields: Fields) -> Collection | None:
    if fields.has("collect"):
        place = fields.place("collected")
        texts = fields.text_or_texts("collected", MAX_REPLY_CHARACTERS, MAX_VARIANTS)
        return Collection(
            _request(fields.inline("collect", _COLLECT_KEYS)),
            tuple(checks.with_digits(place, text) for text in texts),
            replies(fields, "not_collected"),
        )
    for key in _ENTERED_KEYS:
        if fields.has(key):
            raise DialogueError(
                f"{fields.place(key)}: expected collect = {{ digits = … }} beside it"
            )
    return None


def _request(fields: Fields) -> CollectDigits:
    usual = CollectDigits(fields.whole("digits", 1, MAX_DIGITS))
    terminator, timeout_s = usual.terminator, usual.timeout_s
    if fields.has("terminator"):
        terminator = fields.choice("terminator", _TERMINATORS)
    if fields.has("timeout_s"):
        timeout_s = fields.seconds("timeout_s", *ENTRY_TIMEOUT_RANGE_S)
    return CollectDigits(usual.max_digits, terminator, timeout_s)
