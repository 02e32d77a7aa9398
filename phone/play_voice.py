"""The voice of the command line's callers: a program that is run once for all texts.

Owns how that program is called. It is `python -m recordings.voice`, a process of its own:
the library it loads is GPL-3, and the phone imports nothing of the server. Blocks; talked to
by `play_command`.
"""

import json
import subprocess
import sys
from binascii import a2b_base64
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from phone.errors import PhoneError

ROOT: Final = Path(__file__).resolve().parents[1]

PROGRAM: Final = (sys.executable, "-m", "recordings.voice")
"""Reads `{"language": …, "texts": […]}`, writes a list of µ-law in base64; both JSON."""

TIMEOUT_S: Final = 60.0
"""For all texts; the library speaks a hundred times faster than people."""


def speak_texts(texts: Sequence[str], language: str) -> list[bytes]:
    """Speak texts.

    Args:
        texts: What to say.
        language: A BCP 47 tag.

    Returns:
        8000 Hz µ-law, one for each text.

    Raises:
        PhoneError: the program cannot be run, or does not know the language.
    """
    order = json.dumps({"language": language, "texts": list(texts)}).encode()
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            PROGRAM, input=order, capture_output=True, timeout=TIMEOUT_S, cwd=ROOT, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PhoneError(f"the voice cannot be run: {type(error).__name__}") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise PhoneError(f"the voice: {lines[-1][:200] if lines else 'no reason given'}")
    return [a2b_base64(audio) for audio in json.loads(done.stdout)]
