"""The settings of a replay: those of the recording, with changes asked for on the command line.

Reads no environment: a replay is to be the same on every machine.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from replay.codec import RecordingError
from replay.lines import Recording
from replay.printable import printable
from settings import Settings


def recorded_settings(recording: Recording, changes: Sequence[str] = ()) -> Settings:
    """Make them.

    Args:
        recording: has every number and switch of its server.
        changes: `NAME=VALUE`, as the environment would have them.

    Raises:
        RecordingError: a change names no setting, or a value is not allowed.
    """
    values: dict[str, Any] = {
        name: field.get_default(call_default_factory=True)
        for name, field in Settings.model_fields.items()
    }
    recorded = recording.header.get("settings", {})
    values |= {name: value for name, value in recorded.items() if name in values}
    values["call_log_replay"] = False
    for change in changes:
        name, given, value = change.partition("=")
        if not given or name.lower() not in values:
            raise RecordingError(
                f"--set {printable(name[:40])}: expected NAME=VALUE with a setting's name"
            )
        values[name.lower()] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        wrong = str(first["loc"][0]) if first["loc"] else "settings"
        asked = any(change.lower().startswith(f"{wrong}=") for change in changes)
        place = "--set" if asked or (changes and not first["loc"]) else f"{recording.name}:1:"
        # Checks across settings say all they find, each on a line of its own.
        told = printable(first["msg"].partition("\n")[0])
        raise RecordingError(f"{place} {wrong.upper()}: expected another value: {told}") from None
