"""Every mistake in a dialogue file becomes one clear line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.defaults import ENGLISH, HEBREW, Defaults
from dialogue.fields import DialogueError
from dialogue.loader import MAX_FILE_BYTES, load_dialogue, parse_script
from dialogue.ports import EndCall, TransferCall
from dialogue.script import DEFAULT_STRIKES, NoRecognition

pytestmark = pytest.mark.unit

GOOD = """
name = "shop"
language = "en-US"
greeting = "Hello."
not_understood = "Sorry?"
apology = "Again, please."
goodbye = "Goodbye."
[silence]
after_s = 8
reply = "Are you there?"
[[intents]]
name = "hours"
phrases = ["when are you open", "opening hours"]
reply = ["At eight.", "At eight,   as\\nI said."]
key = "1"
[[intents.follow_ups]]
name = "yes"
phrases = ["yes please"]
reply = "On Friday at nine."
action = "transfer"
transfer_to = "+15555550100"
[[intents]]
name = "bye"
phrases = ["goodbye"]
reply = "Bye."
action = "hangup"
"""
BYE = '[[intents]]\nname = "bye"'
INTENT = '[[intents]]\nname = "n%d"\nphrases = ["%s"]\nreply = "r"\n'
SILENCE = "[silence]"
LOST = '[no_recognition]\nreply = "I hear nothing."\n'
FOLLOW_UP = '[[intents.follow_ups]]\nname = "%s"\nphrases = ["%s"]\nreply = "r"\n'

MISTAKES = [
    # keys
    ("greeting =", "greting =", "greting: unknown key; did you mean greeting?"),
    (
        "after_s = 8",
        "zzz = 8",
        "silence.zzz: unknown key; expected one of after_s, reply",
    ),
    ('key = "1"', 'keys = "1"', "intents[0].keys: unknown key; did you mean key?"),
    ('name = "shop"\n', "", "name: missing; expected a text"),
    ("after_s = 8\n", "", "silence.after_s: missing; expected a number of seconds"),
    (
        'reply = "Bye."\n',
        "",
        "intents[1].reply: missing; expected a text or a list of texts",
    ),
    (
        "greeting =",
        '"a\\nb\\u2028" =',
        (
            "'a\\nb\\u2028': unknown key; expected one of name, language, greeting, "
            "greeting_interruptible, not_understood, apology, goodbye, one_moment, filler, "
            "backchannels, strikes, silence, no_recognition, intents"
        ),
    ),
    # types
    ('"Hello."', "['Hello.']", "greeting: expected a text, not a list"),
    ('"Hello."', "7", "greeting: expected a text, not 7"),
    ('"Hello."', '" \\n "', "greeting: expected a text, not an empty one"),
    ('"Sorry?"', "true", "not_understood: expected a text or a list of texts, not true"),
    ('"Sorry?"', "[]", "not_understood: expected 1 to 10 entries, not 0"),
    ('"Sorry?"', '["a", 3]', "not_understood[1]: expected a text, not 3"),
    (
        "after_s = 8",
        'after_s = "8"',
        "silence.after_s: expected a number of seconds from 1 to 300, not '8'",
    ),
    (
        "after_s = 8",
        "after_s = nan",
        "silence.after_s: expected a number of seconds from 1 to 300, not nan",
    ),
    (
        "after_s = 8",
        "after_s = true",
        "silence.after_s: expected a number of seconds from 1 to 300, not true",
    ),
    (
        'language = "en-US"',
        'language = "en-US"\nstrikes = 11',
        "strikes: expected a whole number from 0 to 10, not 11",
    ),
    (
        'language = "en-US"',
        'language = "en-US"\nstrikes = true',
        "strikes: expected a whole number from 0 to 10, not true",
    ),
    (
        '["goodbye"]',
        '"goodbye"',
        "intents[1].phrases: expected a list of texts, not 'goodbye'",
    ),
    # phrases
    ('["goodbye"]', "[]", "intents[1].phrases: expected 1 to 50 entries, not 0"),
    ('["goodbye"]', '[""]', "intents[1].phrases[0]: expected a text, not an empty one"),
    (
        '["yes please"]',
        '["yes", "at 7"]',
        (
            "intents[0].follow_ups[0].phrases[1]: '7' cannot stand in an English phrase; use "
            "letters, ' and spaces only, write numbers as words and leave punctuation out: 'at 7'"
        ),
    ),
    (
        '["goodbye"]',
        '["' + "a " * 13 + '"]',
        "intents[1].phrases[0]: expected 1 to 12 words, not 'a a a a a a a a a a a a a'",
    ),
    ('["goodbye"]', '["\'"]', 'intents[1].phrases[0]: expected 1 to 12 words, not "\'"'),
    (
        '["goodbye"]',
        '["' + "a" * 101 + '"]',
        "intents[1].phrases[0]: expected at most 100 characters, not 101",
    ),
    # what is live together
    (
        '["goodbye"]',
        '["hello", "Opening hours"]',
        (
            "intents[1].phrases[1]: 'Opening hours' is intents[0].phrases[1] already, "
            "live at the same time"
        ),
    ),
    (
        '["yes please"]',
        '["goodbye"]',
        (
            "intents[0].follow_ups[0].phrases[0]: 'goodbye' is intents[1].phrases[0] already, "
            "live at the same time"
        ),
    ),
    (
        'reply = "Bye."',
        'reply = "Bye."\nkey = "1"',
        "intents[1].key: '1' is intents[0].key already, live at the same time",
    ),
    (BYE, '[[intents]]\nname = "hours"', "intents[1].name: 'hours' is intents[0].name already"),
    (
        BYE,
        FOLLOW_UP % ("yes", "no") + BYE,
        "intents[0].follow_ups[1].name: 'yes' is intents[0].follow_ups[0].name already",
    ),
    # values
    (
        '"en-US"',
        '"English"',
        'language: expected a BCP 47 tag such as "en-US" or "he-IL", not \'English\'',
    ),
    (
        'key = "1"',
        'key = "12"',
        'intents[0].key: expected one key, "0" to "9", "*" or "#", not \'12\'',
    ),
    ('key = "1"', "key = 1", "intents[0].key: expected a text, not 1"),
    ('"Hello."', '"a\\u0000b"', "greeting: expected no control characters, such as '\\x00'"),
    ('"shop"', '"a\\u200fb"', "name: expected printable characters only, not 'a\\u200fb'"),
    (
        '"hangup"',
        '"hang up"',
        'intents[1].action: expected "transfer" or "hangup", not \'hang up\'',
    ),
    ('"hangup"', "7", 'intents[1].action: expected "transfer" or "hangup", not 7'),
    ('"hangup"', '"keys"', 'intents[1].action: expected "transfer" or "hangup", not \'keys\''),
    (
        'transfer_to = "+15555550100"\n',
        "",
        "intents[0].follow_ups[0].transfer_to: missing; expected a text",
    ),
    (
        '"+15555550100"',
        '"555-0100"',
        (
            'intents[0].follow_ups[0].transfer_to: expected a number such as "+15555550100" or an '
            "address such as \"sip:desk@example.com\", not '555-0100'"
        ),
    ),
    (
        'action = "hangup"',
        'transfer_to = "+15555550100"',
        'intents[1].transfer_to: expected action = "transfer" beside it',
    ),
    # trouble with recognition
    (SILENCE, "one_moment = 7\n" + SILENCE, "one_moment: expected a text, not 7"),
    (
        'language = "en-US"',
        'language = "fr-FR"',
        (
            "one_moment: missing; expected a text; only English and Hebrew files may leave it "
            "out, not one in 'fr-FR'"
        ),
    ),
    (
        'language = "en-US"',
        'language = "fr-FR"\none_moment = "Un instant."',
        (
            "no_recognition: missing; expected a table: [no_recognition]; only English and "
            "Hebrew files may leave it out, not one in 'fr-FR'"
        ),
    ),
    (SILENCE, 'no_recognition = "x"\n' + SILENCE, "no_recognition: expected a table, not 'x'"),
    (
        SILENCE,
        '[no_recognition]\naction = "keys"\n' + SILENCE,
        "no_recognition.reply: missing; expected a text or a list of texts",
    ),
    (
        SILENCE,
        LOST + SILENCE,
        'no_recognition.action: missing; expected "transfer", "hangup" or "keys"',
    ),
    (
        SILENCE,
        LOST + 'action = "key"\n' + SILENCE,
        'no_recognition.action: expected "transfer", "hangup" or "keys", not \'key\'',
    ),
    (
        SILENCE,
        LOST + 'actions = "keys"\n' + SILENCE,
        "no_recognition.actions: unknown key; did you mean action?",
    ),
    (
        SILENCE,
        LOST + 'action = "transfer"\n' + SILENCE,
        "no_recognition.transfer_to: missing; expected a text",
    ),
    (
        SILENCE,
        LOST + 'action = "keys"\ntransfer_to = "+15555550100"\n' + SILENCE,
        'no_recognition.transfer_to: expected action = "transfer" beside it',
    ),
    # shapes and bounds
    (
        FOLLOW_UP.split("\n", maxsplit=1)[0],
        "[intents.follow_ups]",
        "intents[0].follow_ups: expected a list of tables ([[…]]), not a table",
    ),
    (
        BYE,
        "[[intents.follow_ups.follow_ups]]\n" + BYE,
        (
            "intents[0].follow_ups[0].follow_ups: unknown key; expected one of name, phrases, "
            "reply, key, action, transfer_to, interruptible, collect, collected, not_collected"
        ),
    ),
    ('"Hello."', '"' + "a" * 501 + '"', "greeting: expected at most 500 characters, not 501"),
    ('"Hello."', '"Hello.', "not TOML: Illegal character '\\n' (at line 4, column 19)"),
    (
        BYE,
        "".join(INTENT % (n, "a" * (n + 1)) for n in range(99))
        + "".join(FOLLOW_UP % ("f" * (n + 1), "f" * (n + 1)) for n in range(60))
        + "".join(INTENT % (n, "b" * (n - 99)) for n in range(100, 140))
        + BYE,
        "intents: expected at most 200, follow-ups counted, not 202",
    ),
]


@pytest.mark.parametrize(("old", "new", "line"), MISTAKES)
def test_mistake_becomes_one_line_with_file_key_and_expectation(
    tmp_path: Path, old: str, new: str, line: str
) -> None:
    assert old in GOOD
    file = tmp_path / "shop.toml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DialogueError) as caught:
        load_dialogue(file)
    assert str(caught.value) == f"{file}: {line}"
    assert len(str(caught.value).splitlines()) == 1


def test_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DialogueError) as caught:
        load_dialogue(tmp_path / "none.toml")
    assert (
        str(caught.value) == f"{tmp_path / 'none.toml'}: cannot be read: No such file or directory"
    )


def test_folder_instead_of_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DialogueError, match=r"cannot be read: Is a directory$"):
        load_dialogue(tmp_path)


def test_other_encoding_is_told_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b'name = "shop"\ngreeting = "caf\xe9"\n')
    with pytest.raises(DialogueError, match=r"not UTF-8 text \(at line 2\); save it as UTF-8$"):
        load_dialogue(file)


def test_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "huge.toml"
    file.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(DialogueError, match=f"at most {MAX_FILE_BYTES} bytes$"):
        load_dialogue(file)


@pytest.mark.parametrize("text", ["a = " + "[" * 50_000, "a = " + "9" * 5000])
def test_text_that_breaks_the_parser_is_still_one_line(text: str) -> None:
    with pytest.raises(DialogueError, match=r"^not TOML: "):
        parse_script(text)


@pytest.mark.parametrize("target", ["+15555550100", "sip:a.b+c@example.com:5060;transport=tls"])
def test_number_and_sip_address_are_accepted(target: str) -> None:
    script = parse_script(GOOD.replace("+15555550100", target))
    assert script.intents[0].follow_ups[0].action == TransferCall(target)


@pytest.mark.parametrize(
    "target",
    [
        *("sip:desk", "sip:@host", "sip:דלפק@host", "sip:a@b<x>", "sip:a@b\\nc"),
        *("+0123456789", "+1234567890123456", "+123456", "555", "١"),
    ],
)
def test_other_targets_are_refused(target: str) -> None:
    with pytest.raises(DialogueError, match="transfer_to: expected a number"):
        parse_script(GOOD.replace("+15555550100", target))


def test_good_file_says_what_was_written() -> None:
    script = parse_script(GOOD)
    hours, bye = script.intents
    assert script.strikes == DEFAULT_STRIKES
    assert hours.reply == ("At eight.", "At eight, as I said.")
    assert (hours.key, hours.action, bye.action) == ("1", None, EndCall())
    assert script.manners.silence_after_s == 8.0


def test_follow_ups_of_different_intents_may_share_a_phrase_and_a_name() -> None:
    again = GOOD + FOLLOW_UP % ("yes", "yes please")
    assert parse_script(again).phrases().count("yes please") == 1


def test_hebrew_phrases_equal_but_for_final_letters_are_the_same() -> None:
    hebrew = GOOD.replace("en-US", "he-IL").replace('"goodbye"', '"שלום", "שלומ!"')
    with pytest.raises(DialogueError, match=r"intents\[1\]\.phrases\[1\]: 'שלומ!' is "):
        parse_script(hebrew)


def test_digits_are_fine_in_other_languages() -> None:
    hebrew = GOOD.replace("en-US", "he-IL").replace('"goodbye"', '"פתוח 24/7"')
    assert "פתוח 24/7" in parse_script(hebrew).phrases()


WITHOUT_KEY = GOOD.replace('key = "1"\n', "")
UNDER = 'name = "yes"\n'


@pytest.mark.parametrize(("tag", "ready"), [("en-GB", ENGLISH), ("he-IL", HEBREW), ("iw", HEBREW)])
def test_english_and_hebrew_files_have_texts_for_trouble_ready(tag: str, ready: Defaults) -> None:
    with_key, without = (parse_script(text.replace("en-US", tag)) for text in (GOOD, WITHOUT_KEY))
    assert with_key.manners.one_moment == ready.one_moment
    assert with_key.no_recognition == NoRecognition((ready.keys_only,), None)
    assert without.no_recognition == NoRecognition((ready.call_again,), EndCall())
    assert {ready.one_moment, ready.keys_only} <= set(with_key.texts())


def test_key_of_a_follow_up_alone_is_no_key_to_go_on_with() -> None:
    text = WITHOUT_KEY.replace(UNDER, UNDER + 'key = "1"\n')
    assert parse_script(text).no_recognition.action == EndCall()
    asked = text.replace(SILENCE, LOST + 'action = "keys"\n' + SILENCE)
    line = (
        "no_recognition.action: expected a key in at least one of [[intents]], follow-ups not "
        'counted, for "keys"'
    )
    with pytest.raises(DialogueError) as caught:
        parse_script(asked)
    assert str(caught.value) == line


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ('action = "keys"', None),
        ('action = "hangup"', EndCall()),
        ('action = "transfer"\ntransfer_to = "sip:a@b.example"', TransferCall("sip:a@b.example")),
    ],
)
def test_what_happens_without_recognition_is_as_written(
    written: str, action: TransferCall | EndCall | None
) -> None:
    french = GOOD.replace('"en-US"', '"fr-FR"\none_moment = "Un instant."')
    lost = '[no_recognition]\nreply = ["Quoi ?", "Hein ?"]\n' + written + "\n"
    script = parse_script(french.replace(SILENCE, lost + SILENCE))
    assert script.no_recognition == NoRecognition(("Quoi ?", "Hein ?"), action)
    assert {"Un instant.", "Quoi ?", "Hein ?"} <= set(script.texts())


WHOLE = GOOD.replace(SILENCE, 'one_moment = "רק רגע."\n' + LOST + 'action = "keys"\n' + SILENCE)


@settings(derandomize=True, max_examples=200)
@given(st.integers(0, len(WHOLE)), st.integers(0, 30), st.text(max_size=10))
def test_any_damage_loads_or_is_one_line(at: int, cut: int, put: str) -> None:
    damaged = WHOLE[:at] + put + WHOLE[at + cut :]
    try:
        script = parse_script(damaged)
    except DialogueError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017  either outcome is right
    else:
        assert script.intents
