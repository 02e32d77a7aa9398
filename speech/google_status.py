"""Names and texts of gRPC statuses, ready for logs and for `speech.failure`.

Pure. Used by streams, requests and probes.
"""

from typing import Any, Final

import grpc

MAX_DETAIL_CHARACTERS: Final = 200
"""Of a status text in a log line; Google's are shorter, a proxy's may be a whole page."""

_NAMES: Final[dict[int, str]] = {code.value[0]: code.name for code in grpc.StatusCode}

_REFUSED_CREDENTIALS: Final = ("invalid_grant", "invalid_client", "unauthorized_client")
"""OAuth's words (RFC 6749, section 5.2) for credentials that a token cannot be got with. gRPC
reports a failed token as UNAVAILABLE, as if it might heal."""


def status_name(status: Any) -> str:
    """Return the name for a number of `google.rpc.Code`, or for a `grpc.RpcError`."""
    if isinstance(status, int):
        return _NAMES.get(status, "UNKNOWN")
    return str(status.code().name)


def one_line(detail: str) -> str:
    """Return a status text fit for one line of a log."""
    return " ".join(detail[: 4 * MAX_DETAIL_CHARACTERS].split())[:MAX_DETAIL_CHARACTERS]


def credentials_refused(status: str, detail: str) -> bool:
    """Whether an answer says that the credentials are no good, for now and later."""
    if status in {"UNAUTHENTICATED", "PERMISSION_DENIED"}:
        return True
    return status == "UNAVAILABLE" and any(word in detail for word in _REFUSED_CREDENTIALS)
