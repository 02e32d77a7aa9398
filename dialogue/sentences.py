"""Cuts a stream of text into sentences that can be spoken, as soon as each is whole.

Owns where a sentence ends in Hebrew and English, and the bounds on what is spoken of one
answer. Never waits and never looks at how the stream was divided: any division of the same
text gives the same sentences. `dialogue.model_reply` pushes what the model writes;
`dialogue.sentences_marks` knows abbreviations, `dialogue.sentences_spoken` drops markup.
"""

import re
from typing import Final

from dialogue.sentences_marks import is_end
from dialogue.sentences_spoken import speakable

FIRST_CLAUSE_CHARS: Final = 24
"""From here on the first sentence is cut at a comma already: 1.6 s of speech at 15 characters
a second, in which a model writes several times as much."""

CLAUSE_CHARS: Final = 100
"""From here on a later sentence is cut at a comma; it is spoken behind others, so that there
is time for a longer one, which sounds better."""

FIRST_LONG_CHARS: Final = 120
"""A first sentence with neither end nor comma is cut at the last space before this."""

LONG_CHARS: Final = 240
"""The same for later ones: 16 s of speech, well below what any synthesiser takes."""

MAX_WORD_CHARS: Final = 400
"""What is longer without a space is no word of any language and is cut all the same."""

MAX_ANSWER_CHARS: Final = 12_000
"""Read of one answer: a quarter of an hour of speech. The rest is dropped and counted."""

_NEWLINES: Final = "\n\r\x85\u2028\u2029"
_PAUSES: Final = ",;:–—"
_CANDIDATE: Final = re.compile(rf"[.?!…׃{_NEWLINES}{_PAUSES}]")

_CLOSING: Final = (
    "[\"'”’»״)\\]}*_`\u200e\u200f\ufe0f\u200d\u2600-\u27bf\U0001f000-\U0001faff]{0,16}"
)
"""What stays with the sentence before it: quotes, brackets, emphasis, emoji. Bounded, as runs
of dots are, so that no text makes the cutter look far ahead."""

_MARK: Final = re.compile(rf"(?:[.?!…׃]{{1,32}}|[{_PAUSES}]){_CLOSING}")
_AHEAD: Final = re.compile(rf"[^\S{_NEWLINES}]{{1,8}}")
_LEADING: Final = re.compile(r"\s*")
_BLANK: Final = re.compile(r"\s")


class SentenceCutter:
    """One answer on its way from text to sentences. Holds at most one unfinished sentence.

    Args:
        first: whether nothing of this answer has been spoken yet: then the first sentence
            may be short, so that speech starts soon.
    """

    def __init__(self, *, first: bool = True) -> None:
        self._first = first
        self._text = ""
        """The unfinished sentence; never begins with a blank."""

        self._at = 0
        """Up to where it has been looked at."""

        self._line_start = True
        """Whether it begins a line: a number there may be a list's."""

        self._read = 0
        self.dropped_chars = 0
        """Characters beyond `MAX_ANSWER_CHARS`."""

    def push(self, delta: str) -> list[str]:
        """Take the next piece and return the sentences that are whole by now, none empty."""
        room = MAX_ANSWER_CHARS - self._read
        if len(delta) > room:
            self.dropped_chars += len(delta) - room
            delta = delta[:room]
        self._read += len(delta)
        self._hold(self._text + delta, self._at)
        return self._whole(finished=False)

    def finish(self) -> list[str]:
        """Return what is left, as the text has ended. The cutter is empty afterwards."""
        sentences = self._whole(finished=True)
        sentences += self._taken(len(self._text))
        return sentences

    def drop_rest(self) -> None:
        """Throw the unfinished sentence away."""
        self._hold("", 0)

    def _whole(self, *, finished: bool) -> list[str]:
        sentences: list[str] = []
        while (end := self._next_cut(finished=finished)) is not None:
            sentences += self._taken(end)
        return sentences

    def _hold(self, text: str, at: int) -> None:
        """Keep the unfinished sentence, without the blanks before it."""
        blanks = _LEADING.match(text).end()  # type: ignore[union-attr]  # matches anything
        if blanks and any(map(_NEWLINES.__contains__, text[:blanks])):
            self._line_start = True
        self._text, self._at = text[blanks:], at

    def _taken(self, end: int) -> list[str]:
        """Take the text up to `end` out; what of it can be spoken, if anything."""
        raw = self._text[:end]
        spoken = speakable(raw, line_start=self._line_start)
        self._line_start = raw[-1:] in _NEWLINES if raw else self._line_start
        self._hold(self._text[end:], 0)
        if not spoken:
            return []
        self._first = False
        return [spoken]

    def _next_cut(self, *, finished: bool) -> int | None:
        """Find where the unfinished sentence ends; None when that cannot be known yet."""
        limit = FIRST_LONG_CHARS if self._first else LONG_CHARS
        while True:
            found = _CANDIDATE.search(self._text, self._at)
            at = self._at = found.start() if found else len(self._text)
            if at >= limit:
                return self._long_cut(limit)
            if found is None:
                return None
            mark = _MARK.match(self._text, at)
            after = mark.end() if mark else at + 1  # A newline is all of its own mark.
            ends = mark is None or self._ends(at, after, finished=finished)
            if ends is None:
                return None
            if ends:
                return after
            self._at = after

    def _ends(self, at: int, after: int, *, finished: bool) -> bool | None:
        """Judge the mark from `at` to `after`; None if more text is needed to know."""
        text = self._text
        is_pause = text[at] in _PAUSES
        if is_pause and at < (FIRST_CLAUSE_CHARS if self._first else CLAUSE_CHARS):
            return False
        if after == len(text):
            return False if finished else None
        if is_pause or not text[after].isspace():
            return text[after].isspace()
        ahead = self._ahead(after)
        if ahead is None and finished:
            ahead = ""
        return is_end(text[:at], text[at:after], ahead, line_start=self._line_start)

    def _ahead(self, after: int) -> str | None:
        """Return the character behind the blanks at `after`; None if it is not there yet."""
        blanks = _AHEAD.match(self._text, after)
        at = blanks.end() if blanks else after
        return self._text[at] if at < len(self._text) else None

    def _long_cut(self, limit: int) -> int | None:
        """Cut a sentence that is too long at a space, or within an endless word."""
        text = self._text
        for at in range(limit - 1, 0, -1):
            if text[at].isspace():
                return at
        if blank := _BLANK.search(text, limit, MAX_WORD_CHARS):
            return blank.start()
        return MAX_WORD_CHARS if len(text) >= MAX_WORD_CHARS else None
