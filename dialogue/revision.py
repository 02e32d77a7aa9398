"""What a later transcript of the same utterance adds to an earlier one. Pure text.

A recogniser's final may go on where a partial that was answered had ended. Compared are
words as `dialogue.text` makes them, so that punctuation, capitals and the shapes of Hebrew
letters add nothing. Linear in the length of the texts, which their makers bound.
"""

from dialogue.text import words


def words_said(text: str) -> tuple[str, ...]:
    """All comparable words of a transcript, however long it is."""
    return tuple(word for token in text.split() for word in words(token))


def added_text(before: str, after: str) -> str:
    """The end of `after` that lies behind as many words as `before` has; empty if none.

    Args:
        before: what was answered already.
        after: the same utterance, heard to its end; its first words may differ in detail.
    """
    left = len(words_said(before))
    tokens = after.split()
    for index, token in enumerate(tokens):
        if left <= 0 and words(token):
            return " ".join(tokens[index:])
        left -= len(words(token))
    return ""
