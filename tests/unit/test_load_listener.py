"""The load signal's ear: it tells how late the loop is, and says when that matters."""

import pytest

from tests.support.web import FakeAdmission, logged
from web.load_listener import load_listener

pytestmark = pytest.mark.unit


def test_it_tells_the_admission_how_late_each_beat_is() -> None:
    admission = FakeAdmission()
    on_beat = load_listener(admission)
    on_beat(0.3)
    on_beat(0.0)
    assert admission.lags_s == [0.3, 0.0]


def test_a_new_level_is_one_line() -> None:
    admission = FakeAdmission()
    admission.levels = ["high", None, "normal"]
    on_beat = load_listener(admission)
    with logged() as lines:
        for _ in range(4):
            on_beat(0.0)
    assert lines == ["load: high", "load: normal"]
