"""What the end of a stream means: one class for every gRPC status."""

import pytest

from actors.stt_stream import StreamFailed
from speech.failure import Failure, failure_of

pytestmark = pytest.mark.unit

CLASSES = {
    "OK": Failure.ROLLOVER,
    "OUT_OF_RANGE": Failure.ROLLOVER,
    "ABORTED": Failure.ROLLOVER,
    "NOT_FOUND": Failure.CONFIG,
    "UNAUTHENTICATED": Failure.FATAL,
    "PERMISSION_DENIED": Failure.FATAL,
    "FAILED_PRECONDITION": Failure.FATAL,
    "UNIMPLEMENTED": Failure.FATAL,
    "INVALID_ARGUMENT": Failure.FATAL,
    "CANCELLED": Failure.TRANSIENT,
    "UNKNOWN": Failure.TRANSIENT,
    "DEADLINE_EXCEEDED": Failure.TRANSIENT,
    "ALREADY_EXISTS": Failure.TRANSIENT,
    "RESOURCE_EXHAUSTED": Failure.TRANSIENT,
    "INTERNAL": Failure.TRANSIENT,
    "UNAVAILABLE": Failure.TRANSIENT,
    "DATA_LOSS": Failure.TRANSIENT,
    "DEAF": Failure.DEAF,
}
"""Every status of gRPC (grpc.github.io/grpc/core/md_doc_statuscodes.html), and our own."""

REFUSALS = [
    "Invalid recognition 'config': The requested model is not supported for language \"he-IL\".",
    "Expected resource location to be global, but found eu in resource name.",
    "Invalid resource field value: recognizer.",
    "This feature is NOT SUPPORTED here.",
]
"""Texts of INVALID_ARGUMENT that another rung of the ladder answers."""

OUR_FAULT = [
    "",
    "Malordered Data Received. Expected audio_content none was set.",
    "Audio chunk can be of a a maximum of 25600 bytes, got: 30000.",
    "sample_rate_hertz (44100) in RecognitionConfig must be in 8000..48000",
]


@pytest.mark.parametrize(("status", "failure"), CLASSES.items())
def test_every_status_has_its_class(status: str, failure: Failure) -> None:
    assert failure_of(status, "") is failure


@pytest.mark.parametrize("status", ["SOMETHING_NEW", "", "ok"])
def test_an_unknown_status_may_heal(status: str) -> None:
    assert failure_of(status, "model not supported") is Failure.TRANSIENT


@pytest.mark.parametrize("detail", REFUSALS)
def test_a_refused_configuration_is_told_from_a_wrong_request_by_its_text(detail: str) -> None:
    assert failure_of("INVALID_ARGUMENT", detail) is Failure.CONFIG
    assert failure_of("INVALID_ARGUMENT", detail.upper()) is Failure.CONFIG


@pytest.mark.parametrize("detail", OUR_FAULT)
def test_a_wrong_request_will_not_heal(detail: str) -> None:
    assert failure_of("INVALID_ARGUMENT", detail) is Failure.FATAL


@pytest.mark.parametrize("status", [status for status in CLASSES if status != "INVALID_ARGUMENT"])
def test_the_text_decides_for_no_other_status(status: str) -> None:
    assert failure_of(status, REFUSALS[0]) is CLASSES[status]


def test_a_failed_stream_carries_its_class_and_may_be_logged() -> None:
    error = StreamFailed("INVALID_ARGUMENT", REFUSALS[0])
    assert error.failure is Failure.CONFIG
    assert error.loggable
    assert str(error) == f"INVALID_ARGUMENT: {REFUSALS[0]}"
    assert str(StreamFailed("OK")) == "OK"
