"""Hostile words: what may be put in the place of a value, and how bytes are spoilt.

Everything comes from the `Random` that is handed in, so a failure is found again by its seed.
Used by the other files of the fuzzing bench, and by the tests.
"""

import base64
import json
from collections.abc import Sequence
from random import Random
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

MARKER: Final = "S3CRET"
"""Put where a caller's words or keys are: no error may repeat it."""

TEXTS: Final = (
    "", " ", "\0", "\r\n", "\u202e", "שלום", "é", "0", "-1", "1e999", "NaN", "null", "true", "²",
    "٣", "9" * 400, "../../etc/passwd", "%00", "%", "%zz", "<script>", "{}", "'--",
    "CA1", "MZ1", "inbound", "audio/x-mulaw", "://", "[", "]", ":99999", "\ufffd", "/" * 50,
)  # fmt: skip
LONG: Final = "a" * 70_000
"""Longer than any message may be; rare, for it is slow to write."""

LONG_SHARE: Final = 0.002

NUMBERS: Final = (0, 1, -1, 20, 159, 160, 2**31, 2**53 - 1, 2**53, 2**63, -(2**63), 1e308, 0.5)

CHANGES: Final = (0, 1, 1, 1, 2, 3)
"""Fields changed in one message. None, now and then: what is valid must stay so."""

SIZES: Final = (0, 1, 1, 2, 3, 20)
"""Of lists and objects; 20 is more than any that is allowed."""

NESTED_SHARE: Final = 0.25
_DEEP: Final = 4
_ESCAPES: Final = (
    "\\ud800", "\\u0000", "\\x", '"', "\\", ",", "{", "}", "[[[[", "]", ":", "e", "-",
)  # fmt: skip


def one_of(random: Random, choices: Sequence[T]) -> T:
    """Pick one."""
    return choices[random.randrange(len(choices))]


def value(random: Random, depth: int = 0) -> Any:
    """Make any JSON value."""
    if random.random() < LONG_SHARE:
        return LONG
    if depth < _DEEP and random.random() < NESTED_SHARE:
        inner = [value(random, depth + 1) for _ in range(one_of(random, SIZES))]
        named = {one_of(random, TEXTS)[:40]: one for one in inner}
        return one_of(random, (inner, named))
    encoded = base64.b64encode(random.randbytes(random.randrange(400))).decode()
    scalars = (*TEXTS[:20], None, True, False, MARKER, encoded)
    return one_of(random, (one_of(random, TEXTS), one_of(random, NUMBERS), one_of(random, scalars)))


def spoil_object(random: Random, message: dict[str, Any]) -> dict[str, Any]:
    """Replace, remove or add up to three fields, at any depth; the message is left alone."""
    spoilt: dict[str, Any] = json.loads(json.dumps(message))
    for _ in range(one_of(random, CHANGES)):
        place = spoilt
        while random.random() < 0.6:  # noqa: PLR2004  # mostly one level down
            inner = [cast("dict[str, Any]", one) for one in place.values() if type(one) is dict]
            if not inner:
                break
            place = one_of(random, inner)
        keys = [*place, "extra"]
        key = one_of(random, keys)
        if random.random() < 0.3:  # noqa: PLR2004
            place.pop(key, None)
        else:
            place[key] = value(random)
    return spoilt


def spoil_bytes(random: Random, data: bytes) -> bytes:
    """Flip, cut, double or insert a few bytes."""
    spoilt = bytearray(data)
    for _ in range(random.randrange(1, 5)):
        at = random.randrange(len(spoilt) + 1)
        match random.randrange(5):
            case 0 if spoilt:
                spoilt[at % len(spoilt)] = random.randrange(256)
            case 1:
                del spoilt[at:]
            case 2:
                spoilt[at:at] = spoilt[max(0, at - 40) : at]
            case 3:
                spoilt[at:at] = one_of(random, _ESCAPES).encode()
            case _:
                del spoilt[at : at + random.randrange(30)]
    return bytes(spoilt)
