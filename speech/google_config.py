"""What is known about Google's Speech-to-Text: endpoints, locations, models, limits.

Owns facts as data, each with its source. Never imports anything of Google's and decides
nothing: `speech.google_ladder` makes an order of what to try from it.
"""

from typing import Final

GLOBAL_ENDPOINT: Final = "speech.googleapis.com"
"""Where requests go when no region is asked for."""

V1_MODELS: Final = ("phone_call", "telephony", "default", "command_and_search")
"""The best for telephone audio first. Hebrew is refused by `phone_call` and served by the last
two for certain: they are documented for all languages."""

V2_MODELS: Final = ("chirp_3", "telephony")
"""The same for the second version of the API."""

V2_LOCATIONS: Final = frozenset(
    {
        "asia-northeast1",
        "asia-south1",
        "asia-southeast1",
        "eu",
        "europe-west2",
        "europe-west3",
        "europe-west4",
        "global",
        "northamerica-northeast1",
        "us",
        "us-central1",
    }
)
"""The locations that the documentation lists; there is no europe-west1."""

MULTI_REGIONS: Final = ("eu", "us")
"""The only regional endpoints of the first version, and the home of `chirp_3`."""

SAMPLE_RATE_HZ: Final = 8000
"""Of the telephone; audio goes as it came, for resampling adds nothing."""

REQUEST_MAX_BYTES: Final = 12_800
"""Audio in one request; Google refuses more than 25 KB (an older page: 15 KB)."""

MAX_STREAM_S: Final = 305.0
"""Google ends every stream then, with OUT_OF_RANGE."""

STREAM_TIMEOUT_S: Final = 310.0
"""Of a streaming call: past Google's own limit, so that its answer is what ends a stream."""

SINGLE_TIMEOUT_S: Final = 60.0
"""For the answer to a single request, all attempts together: the most that `SINGLE_TIMEOUT_S`
of the settings allows, after which its owner calls it off."""

PROBE_TIMEOUT_S: Final = 3.0
"""For one probe at boot: connecting (TLS 0.1 to 0.3 s) and an answer to 0.1 s of silence."""

PROBES_TIMEOUT_S: Final = 10.0
"""For all probes at boot together; then the server starts with what is known."""


def multi_region(region: str) -> str | None:
    """Return the multi-region that a region lies in; None where there is none."""
    if region == "eu" or region.startswith(("eu-", "europe-")):
        return "eu"
    return "us" if region == "us" or region.startswith("us-") else None


def endpoint_of(location: str) -> str:
    """Return the host that serves a location."""
    return GLOBAL_ENDPOINT if location == "global" else f"{location}-{GLOBAL_ENDPOINT}"
