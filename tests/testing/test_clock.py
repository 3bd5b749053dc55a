"""The clock that jumps: what is due comes in its order, at its time, and at once."""

import time

import anyio
import pytest

from assistant.testing.clock import JumpingLoop, jump

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}


async def test_an_hour_takes_no_time() -> None:
    began, really = anyio.current_time(), time.monotonic()
    await anyio.sleep(3600)
    assert anyio.current_time() - began == pytest.approx(3600)
    assert time.monotonic() - really < 60


async def test_what_is_due_comes_in_its_order() -> None:
    began = anyio.current_time()
    came: dict[str, float] = {}

    async def come(name: str, after_s: float) -> None:
        await anyio.sleep(after_s)
        came[name] = anyio.current_time() - began

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(come, "late", 5.0)
        tasks.start_soon(come, "early", 1.0)
    assert list(came) == ["early", "late"]
    assert list(came.values()) == pytest.approx([1.0, 5.0])


async def test_time_that_passes_unnoticed_makes_things_late() -> None:
    began = anyio.current_time()
    with anyio.move_on_after(1.0) as scope:
        jump(10.0)
        await anyio.sleep(0.5)
    assert scope.cancelled_caught
    assert anyio.current_time() - began == pytest.approx(10.0)


async def test_something_from_another_thread_is_waited_for_as_long_as_nothing_is_due() -> None:
    began = anyio.current_time()
    await anyio.to_thread.run_sync(time.sleep, 0.01)
    assert anyio.current_time() == began
