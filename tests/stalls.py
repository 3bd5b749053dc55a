"""Finds what keeps an event loop busy: no callback on it may compute for longer than `MAX_BUSY_S` at a time.

Processor time of the loop's own thread is what counts: on a machine with other work a callback may wait for its turn.
A callback that waits for something outside, such as a file, does not compute; it is found by the much longer time that
passes on the clock.
"""

import asyncio
import asyncio.events
import gc
import threading
import time
from collections.abc import Callable
from typing import Any

MAX_BUSY_S = 0.1
MAX_PASSED_S = 2.0

TESTS = ("TestRunner", "_live")
"""In the names of coroutines that run the tests themselves, which may compute as they like: anyio's, and the life of a
store that hypothesis makes up."""


class _Collecting(threading.local):
    """Processor time of garbage collections in this thread: of the heap of all tests, which no daemon has. Another
    thread may be in the middle of one while a callback ends."""

    s = 0.0


_collecting = _Collecting()

found: list[str] = []
"""Callbacks that took too long since the list was cleared."""


def watch() -> None:
    """Measure every callback of every loop from now on."""
    kind: Any = asyncio.events.Handle  # which has no public hook
    run: Callable[[asyncio.Handle], None] = kind._run

    def measured(handle: asyncio.Handle) -> None:
        callback = _callback(handle)
        busy, passed = time.thread_time() - _collecting.s, time.monotonic()
        run(handle)
        busy, passed = time.thread_time() - _collecting.s - busy, time.monotonic() - passed
        if (busy > MAX_BUSY_S or passed > MAX_PASSED_S) and not any(name in callback for name in TESTS):
            found.append(f"{callback} computed for {busy:.2f} s, {passed:.2f} s on the clock")

    kind._run = measured
    gc.callbacks.append(_collected)


def _collected(phase: str, info: dict[str, int]) -> None:
    _collecting.s += time.thread_time() if phase == "stop" else -time.thread_time()


def _callback(handle: Any) -> str:
    """What the handle calls: of a step of a task, the task's name and its coroutine.

    Never the representation of an object of somebody else, which may not be ready to be shown.
    """
    task = getattr(handle._callback, "__self__", None)
    if isinstance(task, asyncio.Task):
        coroutine: Any = task.get_coro()
        return f"{task.get_name()} ({getattr(coroutine, '__qualname__', coroutine)})"
    callback = getattr(handle._callback, "func", handle._callback)
    return f"{callback.__module__}.{getattr(callback, '__qualname__', type(callback).__qualname__)}"
