"""The settings as people read them: `--help`, `--check` and the table in the docs.

Everything is made from the `Settings` class, so that no number stands in two places; a test
keeps `docs/operations.md` equal to it. Secrets never show. Used by `server.py`.
"""

from typing import Final

from pydantic import SecretStr

from settings.reading import bounds
from settings.schema import Settings
from settings.shapes import without_secrets

HIDDEN: Final = frozenset({"openai_extra"})
"""Any JSON, so keys and headers too: only said to be set."""


def shown_value(value: object) -> str:
    """A setting's value for people: secrets masked, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return "(set)" if isinstance(value, SecretStr) else without_secrets(str(value))


def settings_table() -> list[tuple[str, str, str, str]]:
    """Every setting as (variable, default, what it accepts, reason), in the class's order."""
    return [
        (name.upper(), shown_value(field.default), bounds(name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def effective_lines(settings: Settings) -> list[str]:
    """The settings in force as `NAME=value`."""
    return [f"{name.upper()}={_in_force(settings, name)}" for name in Settings.model_fields]


def _in_force(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return "(set)" if name in HIDDEN and value is not None else shown_value(value)


def help_text() -> str:
    """Every setting with its default, its bounds and its reason, for a terminal."""
    lines = ["settings, from the environment or .env:"]
    for name, default, accepted, why in settings_table():
        limits = f" ({accepted})" if accepted else ""
        lines.append(f"  {name}={default}{limits}\n      {why}")
    return "\n".join(lines)


def markdown_table() -> str:
    """Every setting as a row of a Markdown table, for the docs."""
    rows = [f"| `{n}` | {d} | {a or 'text'} | {w} |" for n, d, a, w in settings_table()]
    return "\n".join(["| Variable | Default | Accepts | What for |", "|---|---|---|---|", *rows])
