"""The one bridge from blocking engine code to asynchronous code.

An engine call is a plain function that gets `emit` and `stop`. It runs in a thread of its own; what it emits arrives
in an asynchronous generator, through a bounded channel. Leaving the generator (normally, by an exception or by
cancellation) sets the stop flag and waits until the thread has ended, so an engine is never still at work for a
consumer that has gone.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, Generic, Protocol, TypeVar

import anyio

T = TypeVar("T")


class StopFlag(Protocol):
    """Tells an engine that nobody wants its work any more. Set once, never cleared."""

    def is_set(self) -> bool: ...


Emit = Callable[[T], None]
"""Hands one piece of work to the consumer; blocks while the consumer is `ahead` pieces behind."""

Work = Callable[[Emit[T], StopFlag], None]


class NeverStop:
    """A stop flag for callers that run to the end, such as a command that transcribes one file."""

    def is_set(self) -> bool:
        return False


class Either:
    """A stop flag that is set when one of two is."""

    def __init__(self, one: StopFlag, other: StopFlag) -> None:
        self._one = one
        self._other = other

    def is_set(self) -> bool:
        return self._one.is_set() or self._other.is_set()


class _Stopped(BaseException):
    """Raised inside `emit` to unwind an engine whose consumer has gone; never leaves this module."""


class _Channel(Generic[T]):
    """Items from one thread to one event loop. The thread waits while `ahead` items are unread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ahead: int) -> None:
        self._loop = loop
        self._room = threading.Semaphore(ahead)
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._stop = threading.Event()
        self._ended = asyncio.Event()
        self._error: BaseException | None = None
        self.progressed_at = time.monotonic()
        """When the thread last began, emitted something, or waited for its consumer."""

    def run(self, work: Work[T]) -> None:
        """The body of the thread."""
        try:
            work(self._emit, self._stop)
        except _Stopped:
            pass
        except BaseException as error:  # handed to the consumer, which re-raises it
            self._error = error
        finally:
            with suppress(RuntimeError):  # the loop of a thread that was left behind may be closed
                self._loop.call_soon_threadsafe(self._end)

    def _emit(self, item: T) -> None:
        while not self._room.acquire(timeout=0.02):
            self.progressed_at = time.monotonic()  # it is the consumer that takes its time
            if self._stop.is_set():
                raise _Stopped
        if self._stop.is_set():
            raise _Stopped
        self.progressed_at = time.monotonic()
        self._items.append(item)
        self._loop.call_soon_threadsafe(self._arrived.set)

    def _end(self) -> None:
        self._ended.set()
        self._arrived.set()

    async def items(self) -> AsyncGenerator[T, None]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._items:
                item = self._items.popleft()
                self._room.release()
                yield item
            if self._ended.is_set():
                if self._error is not None:
                    raise self._error
                return

    async def close(self, thread: threading.Thread) -> None:
        self._stop.set()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()
        thread.join()  # it has nothing left to do but to end


_at_work: dict[threading.Thread, _Channel[Any]] = {}
"""Every thread that `stream` has started and not yet joined; it may have ended, and its consumer not yet taken all."""


async def stream(work: Work[T], *, name: str, ahead: int = 64) -> AsyncGenerator[T, None]:
    """Run `work` in a thread called `name` and yield what it emits. Use it with `contextlib.aclosing`.

    At most `ahead` emitted items wait unread; a full channel blocks the engine, because an engine that runs ahead of
    its consumer only makes work that a cancellation throws away. Exceptions of `work` are raised here. Cancelling the
    consumer takes as long as the engine needs to notice its stop flag.
    """
    channel: _Channel[T] = _Channel(asyncio.get_running_loop(), ahead)
    thread = threading.Thread(target=channel.run, args=(work,), name=name, daemon=True)
    thread.start()
    _at_work[thread] = channel
    try:
        async with aclosing(channel.items()) as items:
            async for item in items:
                yield item
    finally:
        await channel.close(thread)
        del _at_work[thread]


def longest_silence() -> tuple[float, str]:
    """Of the threads at work the one that has emitted nothing for the longest time: seconds, and its name."""
    now = time.monotonic()
    silences = ((now - channel.progressed_at, thread.name) for thread, channel in _at_work.items() if thread.is_alive())
    return max(silences, default=(0.0, ""))


async def attempt(work: Callable[[], None], *, name: str, within_s: float) -> bool:
    """Run `work`, which cannot be stopped, in a thread; whether it came to its end within `within_s`, cancelled or not.

    A thread that does not is left behind with whatever it holds: the caller has to have the process ended soon. What
    `work` raises in time is raised here.
    """
    done = _Channel[None](asyncio.get_running_loop(), 1)
    threading.Thread(target=done.run, args=(lambda emit, stop: work(),), name=name, daemon=True).start()
    with anyio.move_on_after(within_s, shield=True):
        async with aclosing(done.items()) as nothing:
            async for _ in nothing:
                pass
        return True
    return False


async def call(work: Callable[[StopFlag], T], *, name: str) -> T:
    """Run `work` in a thread and return its result; cancelling sets the stop flag and waits for the thread."""

    def once(emit: Emit[T], stop: StopFlag) -> None:
        emit(work(stop))

    async with aclosing(stream(once, name=name)) as results:
        async for result in results:
            return result
    raise RuntimeError(f"{name} ended without a result")
