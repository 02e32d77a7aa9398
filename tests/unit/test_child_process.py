"""A child process that is asked line by line: answers, errors of one line, and its end."""

import pytest

from tests.support.child_process import ChildError, ChildProcess

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

ENGINE = ("model", "bench.conversation_model")


async def test_a_child_tells_its_port_answers_and_ends_with_its_stdin() -> None:
    async with ChildProcess(*ENGINE) as child:
        assert child.host == f"127.0.0.1:{child.port}" != "127.0.0.1:0"
        assert await child.report() == {"asked": []}
    with pytest.raises(ChildError, match="model: does not run"):
        await child.report()


async def test_a_child_that_does_not_come_up_is_one_line() -> None:
    with pytest.raises(ChildError, match=r"^nobody: ended before it answered start$"):
        await ChildProcess("nobody", "bench.no_such_module").start()


async def test_a_child_that_has_ended_by_itself_can_be_killed() -> None:
    child = ChildProcess(*ENGINE)
    await child.start()
    process = child._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0
    await child.kill()
    with pytest.raises(ChildError, match="model: does not run"):
        await child.report()


async def test_a_child_that_dies_says_at_which_order() -> None:
    child = ChildProcess(*ENGINE)
    await child.start()
    process = child._process
    assert process is not None
    process.kill()
    await process.wait()
    with pytest.raises(ChildError, match="model: ended before it answered report"):
        await child.report()
    await child.stop()
