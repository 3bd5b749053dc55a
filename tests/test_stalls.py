"""What keeps the event loop busy is found, and what only waits is not."""

import time
from collections.abc import Iterator

import anyio
import pytest

from tests import stalls

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _expected() -> Iterator[None]:
    """Here they are made."""
    yield
    stalls.found.clear()


async def compute(seconds: float) -> None:
    ends_at = time.thread_time() + seconds
    while time.thread_time() < ends_at:
        pass


async def test_a_task_that_computes_is_named() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(compute, 1.5 * stalls.MAX_BUSY_S)
    (stall,) = stalls.found
    assert "compute" in stall


async def test_one_that_waits_or_computes_little_is_not() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0.15)
        tasks.start_soon(compute, 0.01)
    assert stalls.found == []
