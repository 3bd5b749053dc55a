"""The bridge from blocking engines to asynchronous code."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import anyio
import pytest

from assistant import blocking
from assistant.blocking import Emit, StopFlag

pytestmark = pytest.mark.anyio


def count_to(limit: int) -> Callable[[Emit[int], StopFlag], None]:
    def work(emit: Emit[int], stop: StopFlag) -> None:
        for number in range(limit):
            emit(number)

    return work


def threads_named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


async def test_everything_emitted_arrives_in_order() -> None:
    async with aclosing(blocking.stream(count_to(1000), name="count", ahead=3)) as numbers:
        assert [number async for number in numbers] == list(range(1000))


async def test_an_engine_is_at_most_the_agreed_number_of_pieces_ahead() -> None:
    emitted: list[int] = []
    blocked = threading.Event()

    def work(emit: Emit[int], stop: StopFlag) -> None:
        for number in range(10):
            if number == 3:
                blocked.set()
            emit(number)
            emitted.append(number)

    async with aclosing(blocking.stream(work, name="ahead", ahead=2)) as numbers:
        assert await anext(numbers) == 0
        await anyio.to_thread.run_sync(blocked.wait)
        assert emitted == [0, 1, 2]


async def test_leaving_early_stops_the_engine_and_waits_for_its_thread() -> None:
    stopped = threading.Event()

    def endless(emit: Emit[int], stop: StopFlag) -> None:
        emit(1)
        while not stop.is_set():
            threading.Event().wait(0.001)
        stopped.set()

    async with aclosing(blocking.stream(endless, name="endless")) as numbers:
        assert await anext(numbers) == 1
    assert stopped.is_set()


async def test_a_consumer_that_leaves_unblocks_an_engine_that_waits_for_room() -> None:
    async with aclosing(blocking.stream(count_to(10**9), name="full", ahead=1)) as numbers:
        assert await anext(numbers) == 0
    assert threads_named("full") == []


async def test_cancelling_the_consumer_stops_the_engine_before_the_cancellation_goes_on() -> None:
    seen: list[bool] = []

    def until_stopped(stop: StopFlag) -> None:
        started.set()
        while not stop.is_set():
            threading.Event().wait(0.001)
        seen.append(True)

    started = threading.Event()
    async with anyio.create_task_group() as tasks:

        async def consume() -> None:
            await blocking.call(until_stopped, name="cancelled")

        tasks.start_soon(consume)
        await anyio.to_thread.run_sync(started.wait)
        tasks.cancel_scope.cancel()
    assert seen == [True]


async def test_an_error_of_the_engine_reaches_the_consumer_after_what_it_emitted() -> None:
    def failing(emit: Emit[int], stop: StopFlag) -> None:
        emit(7)
        raise LookupError("engine")

    async with aclosing(blocking.stream(failing, name="failing")) as numbers:
        assert await anext(numbers) == 7
        with pytest.raises(LookupError, match="engine"):
            await anext(numbers)


async def test_call_returns_what_the_work_returned() -> None:
    assert await blocking.call(lambda stop: stop.is_set(), name="call") is False


async def test_threads_stay_for_later_work() -> None:
    def ident(stop: StopFlag) -> int:
        return threading.get_ident()

    first = await blocking.call(ident, name="first")
    assert {await blocking.call(ident, name="later") for _ in range(50)} == {first}


async def test_a_thread_that_an_engine_has_for_itself_is_given_to_no_other() -> None:
    async with aclosing(blocking.stream(count_to(10**9), name="at work", ahead=1)) as numbers:
        await anext(numbers)
        (busy,) = threads_named("at work")
        assert await blocking.call(lambda stop: threading.current_thread(), name="other") is not busy


async def test_work_that_raises_in_time_costs_no_thread() -> None:
    def failing() -> None:
        raise LookupError("device")

    for _ in range(3):
        with pytest.raises(LookupError):
            await blocking.attempt(failing, name="device", within_s=10)
    before = threading.active_count()
    for _ in range(20):
        with pytest.raises(LookupError):
            await blocking.attempt(failing, name="device", within_s=10)
    assert threading.active_count() == before


async def test_the_end_is_reported_as_soon_as_there_is_memory_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    tell, refusals = loop.call_soon_threadsafe, 2

    def call_soon_threadsafe(*args: Any) -> asyncio.Handle:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise MemoryError
        return tell(*args)

    def nothing(emit: Emit[int], stop: StopFlag) -> None:
        monkeypatch.setattr(loop, "call_soon_threadsafe", call_soon_threadsafe)

    with anyio.fail_after(10):
        async with aclosing(blocking.stream(nothing, name="refused")) as numbers:
            assert [number async for number in numbers] == []
    assert refusals == 0
