"""The standard streams: closed, full or unread, they change neither exit codes nor files."""

import os
import subprocess
import sys

import pytest

from settings import ROOT

pytestmark = pytest.mark.unit
WAIT_S = 60
SERVER = f'"{sys.executable}" "{ROOT / "server.py"}"'

SERVE_NOTHING = """
import os, server
def serve(house):
    opened = os.open("/", os.O_RDONLY)
    held = {os.readlink(f"/proc/self/fd/{number}") for number in (0, 1, 2)}
    return 0 if opened > 2 and held == {os.devnull} else 1
server._serve = serve
os._exit(server.main([]))
"""


def run(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command: it closes and redirects as operators do."""
    engines = {"STT_ENGINE": "instant", "TTS_ENGINE": "tone"}
    return subprocess.run(  # noqa: S603  # our own commands
        ["/bin/bash", "-c", command],
        cwd=ROOT,
        env=os.environ | engines | environ,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        f"{SERVER} --check | true; exit ${{PIPESTATUS[0]}}",
        f"{SERVER} --check >/dev/full",
        f"{SERVER} --check >&-",
        f"{SERVER} --help | true; exit ${{PIPESTATUS[0]}}",
        f"{SERVER} --help >/dev/full",
    ],
)
def test_a_check_that_nobody_reads_is_a_check_all_the_same(command: str) -> None:
    ended = run(command)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/full", "2> >(true)", "<&- >&- 2>&-"])
@pytest.mark.parametrize("option", ["", "--check", "--nonsense"])
def test_a_bad_setting_is_exit_code_2_whether_anybody_reads_why_or_not(
    stderr: str, option: str
) -> None:
    assert run(f"{SERVER} {option} {stderr}", PORT="x").returncode == 2


def test_what_is_opened_next_does_not_take_the_place_of_a_closed_stream() -> None:
    ended = run('"$PYTHON" -c "$CODE" <&- >&- 2>&-', PYTHON=sys.executable, CODE=SERVE_NOTHING)
    assert ended.returncode == 0
