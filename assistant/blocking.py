"""The one bridge from blocking engine code to asynchronous code.

An engine call is a plain function that gets `emit` and `stop`. It has a thread for itself; what it emits arrives in an
asynchronous generator, through a bounded channel. Leaving the generator (normally, by an exception or by cancellation)
sets the stop flag and waits until the function has ended, so an engine is never still at work for a consumer that has
gone.

Threads stay for later calls. To start one takes memory, and where the machine has none left, `Thread.start` may fail,
or wait for ever for a thread that died before it could say that it had begun.
"""

import asyncio
import queue
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import anyio

T = TypeVar("T")


class StopFlag(Protocol):
    """Asks an engine to stop, because its work is not wanted any more. Set once, never cleared."""

    def is_set(self) -> bool: ...


Emit = Callable[[T], None]
"""Hands one piece of work to the consumer; blocks while the consumer is `ahead` pieces behind."""

Work = Callable[[Emit[T], StopFlag], None]


class StopWhen:
    """A stop flag that is set once one of `conditions` was true when it was looked at; without any, never.

    Conditions are looked at in the engine's thread.
    """

    def __init__(self, *conditions: Callable[[], bool]) -> None:
        self._conditions = conditions
        self.was_set = False
        """Whether an engine has found it set, and so ended early."""

    def is_set(self) -> bool:
        self.was_set = self.was_set or any(condition() for condition in self._conditions)
        return self.was_set


class NeverStop(StopWhen):
    """A stop flag for callers that run to the end, such as a command that transcribes one file."""


class _Stopped(BaseException):
    """Raised inside `emit` to unwind an engine whose consumer has gone; never leaves this module."""


MEMORY_RETRY_S = 0.1
"""Seconds until a thread tries again to report that it is done, when there was no memory for that."""


class _Channel(Generic[T]):
    """Items from one thread to one event loop. The thread waits while `ahead` items are unread.

    In lockstep (`handover_s`) it waits after each item until the consumer asks for the next. A consumer that takes
    longer than `handover_s` finds the engine stopped.
    """

    def __init__(
        self,
        name: str,
        loop: asyncio.AbstractEventLoop,
        ahead: int,
        handover_s: float | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._handover_s = handover_s
        self._asked = threading.Semaphore(0)
        self._stalled = False
        self._report_ended = ended
        self._loop = loop
        self._room = threading.Semaphore(ahead)
        self._items: deque[T] = deque()
        self._arrived = asyncio.Event()
        self._stop = threading.Event()
        self._ended = asyncio.Event()
        self._error: BaseException | None = None
        self._progressed_at = time.monotonic()

    @property
    def silence_s(self) -> float:
        """Seconds since the work began, emitted something, or waited for its consumer; 0 once it is done."""
        return 0.0 if self._ended.is_set() else time.monotonic() - self._progressed_at

    def run(self, work: Work[T]) -> None:
        """Do `work`, in the thread that calls this."""
        try:
            work(self._emit, StopWhen(self._stop.is_set, lambda: self._stalled))
        except _Stopped:
            pass
        except BaseException as error:  # handed to the consumer, which re-raises it
            self._error = error

    def report_end(self) -> None:
        """Let the consumer know that the work is done, in the thread that did it."""
        while True:
            try:
                self._loop.call_soon_threadsafe(self._end)
            except MemoryError:  # else the consumer would wait for ever
                time.sleep(MEMORY_RETRY_S)
            except RuntimeError:  # the loop of work that was left behind may be closed
                return
            else:
                return

    def _emit(self, item: T) -> None:
        while not self._room.acquire(timeout=0.02):
            self._progressed_at = time.monotonic()  # it is the consumer that takes its time
            if self._stop.is_set():
                raise _Stopped
        if self._stop.is_set():
            raise _Stopped
        self._progressed_at = time.monotonic()
        self._items.append(item)
        self._loop.call_soon_threadsafe(self._arrived.set)
        if self._handover_s is not None:
            self._wait_until_asked(time.monotonic() + self._handover_s)

    def _wait_until_asked(self, patience_ends: float) -> None:
        """Wait until the consumer asks for the next item; stop the engine if it has not by `patience_ends`."""
        while not self._asked.acquire(timeout=min(0.02, max(0.0, patience_ends - time.monotonic()))):
            self._progressed_at = time.monotonic()
            if self._stop.is_set():
                raise _Stopped
            if self._progressed_at >= patience_ends:
                self._stalled = True
                return

    def _end(self) -> None:
        self._ended.set()
        self._arrived.set()
        if self._report_ended is not None:
            self._report_ended()

    async def items(self) -> AsyncGenerator[T, None]:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._items:
                item = self._items.popleft()
                self._room.release()
                yield item
                self._asked.release()
            if self._ended.is_set():
                if self._error is not None:
                    raise self._error
                return

    async def close(self) -> None:
        self._stop.set()
        with anyio.CancelScope(shield=True):
            await self._ended.wait()


IDLE = "idle"
"""What a thread is called that waits for work."""


class _Worker:
    """A thread that does one piece of work after another, as long as the process lives.

    Nothing that it does between two of them takes memory.
    """

    def __init__(self) -> None:
        self._taken = threading.Lock()
        self._todo: queue.SimpleQueue[tuple[_Channel[Any], Work[Any]]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=IDLE, daemon=True)
        self._thread.start()

    def take(self) -> bool:
        """Reserve it for `begin`; return False if it is not free."""
        return self._taken.acquire(blocking=False)

    def begin(self, channel: _Channel[T], work: Work[T]) -> None:
        self._todo.put((channel, work))

    def _run(self) -> None:
        while True:
            self._do(*self._todo.get())

    def _do(self, channel: _Channel[T], work: Work[T]) -> None:
        self._thread.name = channel.name
        channel.run(work)
        self._thread.name = IDLE
        self._taken.release()
        channel.report_end()


_workers: list[_Worker] = []
"""As many as have been at work at once."""

_at_work: set[_Channel[Any]] = set()
"""What `stream` has begun and not yet closed; it may be done, and its consumer not yet have taken all."""


def _begin(channel: _Channel[T], work: Work[T]) -> None:
    worker = next((worker for worker in _workers if worker.take()), None)
    if worker is None:
        worker = _Worker()
        worker.take()
        _workers.append(worker)
    worker.begin(channel, work)


async def stream(
    work: Work[T],
    *,
    name: str,
    ahead: int = 64,
    handover_s: float | None = None,
    ended: Callable[[], None] | None = None,
) -> AsyncGenerator[T, None]:
    """Run `work` in a thread called `name` and yield what it emits. Use it with `contextlib.aclosing`.

    At most `ahead` emitted items wait unread; a full channel blocks the engine, because an engine that runs ahead of
    its consumer only makes work that a cancellation throws away. With `handover_s` the engine does nothing until the
    consumer asks for the next item, and is stopped when that takes longer (in seconds): what it would go on with waits
    for another call. `ended` is called on the event loop as soon as `work` has ended, which may be before the consumer
    has taken everything. Exceptions of `work` are raised here. Cancelling the consumer takes as long as the engine
    needs to notice its stop flag.
    """
    channel: _Channel[T] = _Channel(name, asyncio.get_running_loop(), ahead, handover_s, ended)
    _begin(channel, work)
    _at_work.add(channel)
    try:
        async with aclosing(channel.items()) as items:
            async for item in items:
                yield item
    finally:
        await channel.close()
        _at_work.remove(channel)


def longest_silence() -> tuple[float, str]:
    """Return the seconds, and the name, of the work in progress that has emitted nothing for the longest time."""
    longest = max(_at_work, key=lambda channel: channel.silence_s, default=None)
    return (longest.silence_s, longest.name) if longest else (0.0, "")


async def attempt(work: Callable[[], None], *, name: str, within_s: float) -> bool:
    """Run `work`, which cannot be stopped, in a thread; whether it came to its end within `within_s`, cancelled or not.

    A thread that does not is left behind with whatever it holds: the caller has to have the process ended soon. What
    `work` raises in time is raised here.
    """
    done = _Channel[None](name, asyncio.get_running_loop(), 1)
    _begin(done, lambda emit, stop: work())
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
