"""The first line of a recording: all that a replay has to know beforehand. Pure.

Owns which of its entries there may be and what each may hold; one that is missing takes the
value of a recording that was made before there was such an entry.
"""

from collections.abc import Callable
from typing import Any, Final

from call_log.logs import safe_name
from replay.codec import FORMAT, RecordingError
from replay.json_types import is_number, is_object


def check_header(header: dict[str, Any]) -> None:
    """Hold it against what a replay needs.

    Raises:
        RecordingError: what was expected, without the place.
    """
    if type(header.get("format")) is not int or header["format"] != FORMAT:
        raise RecordingError(f"expected format {FORMAT}")
    for name, (expected, fits) in _ENTRIES.items():
        if name in header and not fits(header[name]):
            raise RecordingError(f"{name}: expected {expected}")


def _is_call_sid(value: Any) -> bool:
    return isinstance(value, str) and safe_name(value)


def _are_settings(value: Any) -> bool:
    return is_object(value) and all(
        isinstance(one, bool) or is_number(one) for one in value.values()
    )


def _are_traits(value: Any) -> bool:
    """Whether it says of a recogniser what actors ask one for."""
    if not is_object(value):
        return False
    limit = value.get("max_stream_s")
    return (
        isinstance(value.get("signs_of_life", False), bool)
        and isinstance(value.get("early_finals", False), bool)
        and (limit is None or (is_number(limit) and limit > 0))
    )


_ENTRIES: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "call_sid": ("a CallSid", _is_call_sid),
    "settings": ("numbers and switches", _are_settings),
    "control": ("true or false", lambda value: isinstance(value, bool)),
    "recognizer": ("its signs_of_life, early_finals and max_stream_s", _are_traits),
}
