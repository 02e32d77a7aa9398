"""From the environment and `.env` to settings, or to one clear line for each bad variable.

Owns the names of the places and the words of the errors; what is allowed is the schema's
business. Never repeats a secret. `server.py` and the commands of `bench` call it at boot.
"""

import difflib
from pathlib import Path
from typing import Final, Literal, get_args, get_origin

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from settings.schema import ROOT, Settings
from settings.shapes import without_secrets

ENV_FILE: Final = ROOT / ".env"
"""Where settings are read from besides the environment, which wins."""

TYPO_LIKENESS: Final = 0.85
"""From here on (0 to 1, difflib) an unknown key in `.env` counts as a misspelt one of ours."""


class SettingsError(Exception):
    """The settings cannot be used. The message is one line for each bad variable."""


def load_settings(env_file: Path | None = ENV_FILE) -> Settings:
    """Read the environment and `.env`.

    Raises:
        SettingsError: something is wrong; one line for each bad variable.
    """
    try:
        wrong = _unreadable(env_file) or _misspelt(env_file)
        if wrong:
            raise SettingsError("\n".join(wrong))
        return Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own
    except ValidationError as error:
        raise SettingsError("\n".join(map(_line, error.errors()))) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file}: cannot be read: {error}") from None


def _unreadable(env_file: Path | None) -> list[str]:
    """Lines that are no setting would be skipped in silence, with the default in force."""
    if env_file is None or not env_file.exists():
        return []
    with env_file.open(encoding="utf-8") as lines:
        return [
            f"{env_file.name} line {binding.original.line}: expected NAME=value"
            for binding in parse_stream(lines)
            if binding.error
        ]


def _misspelt(env_file: Path | None) -> list[str]:
    """Unknown keys are other programs' business, unless they nearly are one of ours."""
    if env_file is None:
        return []
    lines: list[str] = []
    for key in dotenv_values(env_file, interpolate=False):
        name = key.lower()
        near = difflib.get_close_matches(name, Settings.model_fields, 1, TYPO_LIKENESS)
        if near and name not in Settings.model_fields:
            lines.append(f"{key}: unknown setting in {env_file.name}; expected {near[0].upper()}?")
    return lines


def _line(error: ErrorDetails) -> str:
    """One line for one bad variable; a secret's value is never repeated."""
    if not error["loc"]:
        return str(error["ctx"]["error"] if "ctx" in error else error["msg"])
    name = str(error["loc"][0])
    expected = error["msg"].removeprefix("Value error, ")
    if "expected" not in expected:
        expected = f"expected {bounds(name) or expected.lower()}"
    secret = "SecretStr" in str(Settings.model_fields[name].annotation)
    shown = "" if secret else f"={without_secrets(str(error['input']))[:60]!r}"
    return f"{name.upper()}{shown}: {expected}"


def bounds(name: str) -> str:
    """What a setting accepts, in words; empty where any text will do."""
    field = Settings.model_fields[name]
    if field.annotation is bool:
        return "true or false"
    if get_origin(field.annotation) is Literal:
        return " or ".join(map(str, get_args(field.annotation)))
    low, high = (
        next((getattr(m, edge) for m in field.metadata if hasattr(m, edge)), None)
        for edge in ("ge", "le")
    )
    return "" if low is None else f"{low} to {high}"
