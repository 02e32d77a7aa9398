"""Where Google's credentials come from, and how long looking for them may take.

Owns the places that Application Default Credentials are searched in, in their order. Looks at
environment and files first and loads Google's libraries only when there is something to find:
they take 60 MB. Never shows what a credential contains. Used when engines are made.
"""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from speech.ports import EngineError

FIND_TIMEOUT_S: Final = 5.0
"""For reading a key or asking the metadata server, which may not be there."""

FILE_VARIABLE: Final = "GOOGLE_APPLICATION_CREDENTIALS"

HOW: Final = f"set {FILE_VARIABLE}, or run `gcloud auth application-default login`"
"""What an operator can do about missing credentials."""

_CLOUD_VARIABLES: Final = ("GCE_METADATA_HOST", "K_SERVICE", "GAE_ENV")
"""Set in Google's own run-times, where a metadata server answers."""

_PRODUCT_FILE: Final = Path("/sys/class/dmi/id/product_name")
"""Says "Google" on a Compute Engine machine; google-auth looks here as well."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials that were found."""

    where: str
    """The place, in words."""

    project: str | None = None
    """The project they belong to, where that is known."""

    secret: Any = None
    """google-auth's object; None: an emulator, which asks for none."""

    def __repr__(self) -> str:
        return f"Credentials(where={self.where!r})"


Load = Callable[[], tuple[Any, str | None]]
"""Loads credentials and their project; raises `EngineError`."""


def find_credentials(emulator_host: str | None = None) -> Credentials | None:
    """Find the credentials of this machine; blocks, for 5 s at most.

    Args:
        emulator_host: `host:port` of an emulator, which needs none.

    Returns:
        None: there are none.

    Raises:
        EngineError: there are some, and they cannot be used. One line.
    """
    if emulator_host:
        return Credentials(f"none, for the emulator at {emulator_host}")
    where = place(os.environ)
    if where is None:
        return None
    secret, project = within(FIND_TIMEOUT_S, where, _load_default)
    return Credentials(where, project, secret)


def place(environ: Mapping[str, str], product_file: Path = _PRODUCT_FILE) -> str | None:
    """Name the first place that may hold credentials; nothing is opened but a label."""
    if environ.get(FILE_VARIABLE):
        return FILE_VARIABLE
    if _user_file(environ).exists():
        return "gcloud's user file"
    if any(environ.get(name) for name in _CLOUD_VARIABLES) or _on_google(environ, product_file):
        return "Google's metadata server"
    return None


def within(timeout_s: float, where: str, load: Load) -> tuple[Any, str | None]:
    """Load credentials in a thread, which is left behind when it takes too long.

    Raises:
        EngineError: it took too long, or `load` raised it.
    """
    results: list[tuple[Any, str | None] | EngineError] = []

    def run() -> None:
        try:
            results.append(load())
        except EngineError as error:
            results.append(error)
        # The boundary to google-auth: its plugins raise what they like.
        except Exception as error:  # noqa: BLE001
            results.append(EngineError(type(error).__name__))

    thread = threading.Thread(target=run, name="google-credentials", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not results:
        raise EngineError(f"Google credentials: {where}: no answer within {timeout_s:.0f} s")
    if isinstance(results[0], EngineError):
        raise EngineError(f"Google credentials: {where}: {results[0]}")
    return results[0]


def _load_default() -> tuple[Any, str | None]:
    from speech.google import default_credentials  # noqa: PLC0415  # 60 MB, only when needed

    return default_credentials()


def _user_file(environ: Mapping[str, str]) -> Path:
    """Where `gcloud auth application-default login` writes."""
    folder = environ.get("CLOUDSDK_CONFIG")
    if folder is None and os.name == "nt":
        folder = f"{environ.get('APPDATA', '')}/gcloud"
    if folder is None:
        folder = f"{environ.get('HOME', '')}/.config/gcloud"
    return Path(folder) / "application_default_credentials.json"


def _on_google(environ: Mapping[str, str], product_file: Path) -> bool:
    if environ.get("NO_GCE_CHECK", "").lower() == "true":
        return False
    try:
        return product_file.read_text(encoding="utf-8").startswith("Google")
    except (OSError, UnicodeDecodeError):
        return False
