"""Reads a file that people write, whole, at boot; or says in one line why it cannot be used.

Owns that no file is read beyond its bound, and the encoding. What stands in it is the
business of `dialogue.loader` and `dialogue.model_prompt`.
"""

from pathlib import Path

from dialogue.fields import DialogueError


def read_text_file(path: Path, max_bytes: int) -> str:
    """Return the text of a UTF-8 file; a byte order mark is no part of it.

    Raises:
        DialogueError: it cannot be read, or is too long, or is in another encoding; one line
            that does not name the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise DialogueError(f"cannot be read: {error.strerror or error}") from None
    if len(content) > max_bytes:
        raise DialogueError(f"expected at most {max_bytes} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DialogueError(f"not UTF-8 text (at line {line}); save it as UTF-8") from None
