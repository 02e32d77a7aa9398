"""The ladder of configurations to try: model by model, endpoint by endpoint.

Google serves not every model for every language in every place, and the list moves: what works
is found by trying, once for the process. Pure: knows no network and no clock. The recogniser
asks it what to use, and tells it what was refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from speech.google_config import (
    GLOBAL_ENDPOINT,
    MULTI_REGIONS,
    V1_MODELS,
    V2_LOCATIONS,
    V2_MODELS,
    endpoint_of,
    multi_region,
)
from speech.google_options import GoogleOptions, is_hebrew


@dataclass(frozen=True, slots=True)
class Rung:
    """One configuration to try."""

    api: str
    """`v1` or `v2`."""

    model: str
    endpoint: str
    """Host, with a port for an emulator."""

    location: str
    """Part of the path that requests of `v2` name; `v1` has none."""

    language: str
    """The tag to send."""

    def __str__(self) -> str:
        return f"{self.api} model {self.model} at {self.endpoint} ({self.language})"


class Ladder:
    """Which rung is in use, and which are left after it."""

    __slots__ = ("_all", "_left")

    def __init__(self, rungs: tuple[Rung, ...]) -> None:
        """Begin at the top.

        Args:
            rungs: at least one, the most wanted first.
        """
        if not rungs:
            raise ValueError("rungs: at least one is expected")
        self._all = rungs
        self._left = list(rungs)

    @property
    def current(self) -> Rung | None:
        """The rung in use; None: all were refused."""
        return self._left[0] if self._left else None

    @property
    def left(self) -> tuple[Rung, ...]:
        """The rungs that were not refused, the one in use first."""
        return tuple(self._left)

    def refuse(self, rung: Rung) -> bool:
        """Take a rung out; refusing it again changes nothing.

        Returns:
            whether this call took it out, and not one before.
        """
        if rung not in self._left:
            return False
        self._left.remove(rung)
        return True

    def restore(self) -> None:
        """Put every rung back: refusals may be over, and none at all helps nobody."""
        self._left = list(self._all)

    def choose(self, rung: Rung) -> None:
        """Use a rung that was found to work; those passed over stay, to be tried after it."""
        self._left.remove(rung)
        self._left.insert(0, rung)


def rungs_of(options: GoogleOptions) -> tuple[Rung, ...]:
    """List everything to try, the most wanted first; none twice."""
    order = _v1_rungs(options) if options.api == "v1" else _v2_rungs(options)
    return tuple(dict.fromkeys(order))


def _v1_rungs(options: GoogleOptions) -> Iterator[Rung]:
    language = "he-IL" if is_hebrew(options.language) else options.language
    for endpoint in _v1_endpoints(options):
        for model in options.models or V1_MODELS:
            yield Rung("v1", model, endpoint, "", language)


def _v1_endpoints(options: GoogleOptions) -> tuple[str, ...]:
    if options.emulator_host:
        return (options.emulator_host,)
    near = multi_region(options.region or "")
    return (GLOBAL_ENDPOINT,) if near is None else (endpoint_of(near), GLOBAL_ENDPOINT)


def _v2_rungs(options: GoogleOptions) -> Iterator[Rung]:
    """The documentation names Hebrew by its old code; the new one is tried after it."""
    languages = ("iw-IL", "he-IL") if is_hebrew(options.language) else (options.language,)
    for model in options.models or V2_MODELS:
        for location in _v2_locations(options):
            endpoint = options.emulator_host or endpoint_of(location)
            for language in languages:
                yield Rung("v2", model, endpoint, location, language)


def _v2_locations(options: GoogleOptions) -> tuple[str, ...]:
    if options.emulator_host:
        return ("global",)
    region = options.region or ""
    asked = (region,) if region in V2_LOCATIONS else ()
    near = multi_region(region)
    return tuple(dict.fromkeys((*asked, *((near,) if near else ()), *MULTI_REGIONS, "global")))
