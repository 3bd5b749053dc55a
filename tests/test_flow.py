"""Items on their way from one task to another."""

from contextlib import aclosing

import anyio
import pytest

from assistant.flow import Flow, Signal

pytestmark = pytest.mark.anyio


async def test_items_come_in_order_until_the_end() -> None:
    flow: Flow[int] = Flow()
    seen: list[int] = []

    async def read() -> None:
        async with aclosing(flow.items()) as items:
            seen.extend([item async for item in items])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        for number in range(3):
            flow.put(number)
            await anyio.wait_all_tasks_blocked()
        flow.put(3)
        flow.end()
        flow.put(4)
    assert seen == [0, 1, 2, 3]


async def test_what_waits_may_be_taken_at_once() -> None:
    flow: Flow[int] = Flow()
    for number in range(3):
        flow.put(number)
    flow.end()
    async with aclosing(flow.batches()) as batches:
        assert [batch async for batch in batches] == [[0, 1, 2]]


async def test_who_puts_in_too_much_may_wait_for_room() -> None:
    flow: Flow[int] = Flow()
    for number in range(3):
        flow.put(number)
    has_room = anyio.Event()

    async def wait() -> None:
        await flow.room(1)
        has_room.set()

    async with anyio.create_task_group() as tasks, aclosing(flow.items()) as items:
        tasks.start_soon(wait)
        await anext(items)
        await anyio.wait_all_tasks_blocked()
        assert has_room.is_set() is False
        await anext(items)
        await has_room.wait()


async def test_a_signal_wakes_all_tasks_that_wait_and_none_that_comes_later() -> None:
    signal, woken = Signal(), list[str]()

    async def wait(name: str) -> None:
        await signal.wait()
        woken.append(name)

    signal.notify()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "one")
        tasks.start_soon(wait, "other")
        await anyio.wait_all_tasks_blocked()
        assert woken == []
        signal.notify()
        tasks.start_soon(wait, "late")
        await anyio.wait_all_tasks_blocked()
        assert sorted(woken) == ["one", "other"]
        signal.notify()
    assert woken[-1] == "late"


async def test_one_waiter_may_wait_again_and_again() -> None:
    signal, times = Signal(), 0

    async def count() -> None:
        nonlocal times
        while times < 3:
            await signal.wait()
            times += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        for expected in range(1, 4):
            await anyio.wait_all_tasks_blocked()
            signal.notify()
            await anyio.wait_all_tasks_blocked()
            assert times == expected
