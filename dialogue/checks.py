"""The shapes of single values in a dialogue file: tags, keys, numbers, names, phrases.

Pure: each check takes a place and a value and returns the value, or raises with one line
that says what to write instead. `dialogue.loader` calls them; nothing here reads a file.
"""

import re
from typing import Final

from dialogue.backchannels import MAX_WORDS, backchannel
from dialogue.fields import DialogueError, quoted
from dialogue.ports import KEYS
from dialogue.script import DIGITS, MAX_PHRASE_WORDS
from dialogue.text import words

_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")
"""Language, script, region of BCP 47 (RFC 5646, section 2.1), in their usual letter case."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
"""ITU-T E.164: at most 15 digits; the shortest numbers in use have 7."""

_SIP_URI: Final = re.compile(r"sip:[\w.+%-]+@[\w.-]+(:[0-9]{1,5})?([;?][\w.;?=&%+-]*)?", re.ASCII)
"""The part of RFC 3261, section 19.1, that names a person at a host."""

_MAX_SIP_CHARACTERS: Final = 255

_BRACED: Final = re.compile(r"\{[^{}]*\}?|\}")
"""A place to be filled in, or what was meant to be one."""

_ENGLISH_PHRASE: Final = re.compile(r"[A-Za-z' ]+")
"""What the embedded recogniser's English dictionary can spell."""


def language(place: str, value: str) -> str:
    """Check a language tag."""
    if _LANGUAGE.fullmatch(value):
        return value
    expected = 'a BCP 47 tag such as "en-US" or "he-IL"'
    raise DialogueError(f"{place}: expected {expected}, not {quoted(value)}")


def key(place: str, value: str) -> str:
    """Check a telephone key."""
    if value in KEYS:
        return value
    raise DialogueError(f'{place}: expected one key, "0" to "9", "*" or "#", not {quoted(value)}')


def name(place: str, value: str) -> str:
    """Check a name that logs will show."""
    if value.isprintable():
        return value
    raise DialogueError(f"{place}: expected printable characters only, not {quoted(value)}")


def transfer_target(place: str, value: str) -> str:
    """Check where a call may be transferred to."""
    if _E164.fullmatch(value):
        return value
    if len(value) <= _MAX_SIP_CHARACTERS and _SIP_URI.fullmatch(value):
        return value
    expected = 'a number such as "+15555550100" or an address such as "sip:desk@example.com"'
    raise DialogueError(f"{place}: expected {expected}, not {quoted(value)}")


def phrase(place: str, value: str, *, english: bool) -> str:
    """Check that a phrase can be recognised and compared."""
    if english and not _ENGLISH_PHRASE.fullmatch(value):
        wrong = next(character for character in value if not _ENGLISH_PHRASE.match(character))
        raise DialogueError(
            f"{place}: {quoted(wrong)} cannot stand in an English phrase; use letters, ' and "
            f"spaces only, write numbers as words and leave punctuation out: {quoted(value)}"
        )
    if 1 <= len(words(value)) <= MAX_PHRASE_WORDS:
        return value
    raise DialogueError(f"{place}: expected 1 to {MAX_PHRASE_WORDS} words, not {quoted(value)}")


def listening(place: str, value: str) -> str:
    """Check what a listening caller says; return it in the form that is compared."""
    found = backchannel(value)
    if 1 <= len(found.split()) <= MAX_WORDS:
        return found
    raise DialogueError(f"{place}: expected 1 to {MAX_WORDS} words, not {quoted(value)}")


def with_digits(place: str, value: str) -> str:
    """Check a text that may say the digits a caller has keyed in, once."""
    places = _BRACED.findall(value)
    if places in ([], [DIGITS]):
        return value
    wrong = next((found for found in places if found != DIGITS), DIGITS * 2)
    raise DialogueError(f"{place}: expected braces only in {DIGITS}, once, not {quoted(wrong)}")


def without_digits(place: str, value: str) -> str:
    """Check a text that is said when there are no digits to say."""
    if DIGITS not in value:
        return value
    raise DialogueError(f"{place}: {DIGITS} can stand in collected only: {quoted(value)}")
