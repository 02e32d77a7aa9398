"""What the caller does in a call, step by step, read from a TOML file.

Owns the format (described in docs/phone.md) and its errors. Does nothing by itself: the
steps are performed by `conversation`.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeGuard

from phone.errors import PhoneError
from phone.line_options import HangUp
from phone.wav import read_mulaw

MAX_STEPS: Final = 200
"""Steps of one script."""

ANSWER_TIMEOUT_S: Final = 10.0
"""How long an agent is waited for, unless the step says otherwise."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait until the agent speaks."""

    what: str = "the greeting"
    timeout_s: float = ANSWER_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Speak:
    """Say a recording once the agent is quiet, or into its words."""

    audio: bytes
    what: str
    interrupt: bool = False
    after_s: float = 1.5
    """When interrupting: how long the agent is let speak."""
    answer: bool = True
    """Whether the agent is expected to answer."""
    timeout_s: float = ANSWER_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys."""

    digits: str
    answer: bool = True
    timeout_s: float = ANSWER_TIMEOUT_S


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class EndCall:
    """Hang up."""

    how: HangUp = HangUp.STOP


@dataclass(frozen=True, slots=True)
class ExpectEnd:
    """Wait until the server hangs up."""

    timeout_s: float = 30.0


Step = Listen | Speak | Press | Wait | EndCall | ExpectEnd

_KEYS: Final[dict[str, dict[str, type]]] = {
    "listen": {"what": str, "timeout_s": float},
    "say": {
        "file": str,
        "what": str,
        "interrupt": bool,
        "after_s": float,
        "answer": bool,
        "timeout_s": float,
    },
    "press": {"digits": str, "answer": bool, "timeout_s": float},
    "wait": {"seconds": float},
    "hang_up": {"how": str},
    "expect_hang_up": {"timeout_s": float},
}
_NEEDED: Final = {"say": "file", "press": "digits", "wait": "seconds"}


def say_each(recordings: Sequence[Path]) -> tuple[Step, ...]:
    """A plain script: hear the greeting, say each file, hear each answer, hang up.

    Raises:
        PhoneError: a file cannot be read.
    """
    spoken = [Speak(read_mulaw(path), path.stem.replace("_", " ")) for path in recordings]
    return (Listen(), *spoken, EndCall())


def load_script(path: Path) -> tuple[Step, ...]:
    """Read a script.

    Raises:
        PhoneError: one line with the file, the place and what was expected.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PhoneError(f"{path}: {error}") from None
    steps: object = document.get("steps")
    folder = document.get("recordings", ".")
    if not isinstance(folder, str) or not _is_steps(steps):
        raise PhoneError(f'{path}: expected recordings = "folder" and 1-{MAX_STEPS} [[steps]]')
    recordings = path.parent / folder
    return tuple(
        _step(raw, recordings, f"{path}: steps[{index}]") for index, raw in enumerate(steps)
    )


def _is_steps(value: object) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and 0 < len(value) <= MAX_STEPS  # pyright: ignore[reportUnknownArgumentType] - only counted


def _step(raw: dict[str, Any], recordings: Path, where: str) -> Step:
    kind = raw.get("do")
    keys = _KEYS.get(kind) if isinstance(kind, str) else None
    if keys is None or not isinstance(kind, str):
        raise PhoneError(f"{where}.do: expected one of {', '.join(_KEYS)}")
    values = {
        name: _checked(value, keys, name, where) for name, value in raw.items() if name != "do"
    }
    if _NEEDED.get(kind, "do") not in raw:
        raise PhoneError(f"{where}: {kind!r} expects {_NEEDED[kind]}")
    return _build(kind, values, recordings, where)


def _checked(value: object, keys: dict[str, type], name: str, where: str) -> Any:
    wanted = keys.get(name)
    if wanted is None:
        raise PhoneError(f"{where}.{name}: unknown; expected {', '.join(keys) or 'nothing'}")
    if wanted is float and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if not isinstance(value, wanted):
        raise PhoneError(f"{where}.{name}: expected a {wanted.__name__}")
    return value


def _build(kind: str, values: dict[str, Any], recordings: Path, where: str) -> Step:
    match kind:
        case "listen":
            return Listen(**values)
        case "say":
            path = recordings / values.pop("file")
            values.setdefault("what", path.stem.replace("_", " "))
            return Speak(read_mulaw(path), **values)
        case "press":
            return Press(**values)
        case "wait":
            return Wait(**values)
        case "hang_up":
            return EndCall(_hang_up(values.get("how", HangUp.STOP.value), where))
        case _:
            return ExpectEnd(**values)


def _hang_up(how: str, where: str) -> HangUp:
    try:
        return HangUp(how)
    except ValueError:
        raise PhoneError(f"{where}.how: expected {', '.join(h.value for h in HangUp)}") from None
