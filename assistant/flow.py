"""Items on their way from one task to another, when neither may be made to wait for the other."""

from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class Signal:
    """Wakes the tasks that wait for a change. It keeps nothing: a task waits only after it has looked."""

    def __init__(self) -> None:
        self._next = anyio.Event()

    def notify(self) -> None:
        """Wake all tasks that wait now."""
        self._next.set()
        self._next = anyio.Event()

    async def wait(self) -> None:
        """Return at the next `notify`; one that came before does not count."""
        await self._next.wait()


class Flow(Generic[T]):
    """A queue without a bound of its own: the writer knows how many items there can be, or awaits `room`.

    For one reader.
    """

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._changed = Signal()
        self.ended = False

    def put(self, item: T) -> None:
        """Add an item; after the end it is left out."""
        if not self.ended:
            self._waiting.append(item)
            self._changed.notify()

    def end(self) -> None:
        """Have the reader end once it has read what waits."""
        self.ended = True
        self._changed.notify()

    async def room(self, most: int) -> None:
        """Return once no more than `most` items wait."""
        while len(self._waiting) > most:
            await self._changed.wait()

    async def batches(self) -> AsyncGenerator[list[T], None]:
        """Yield what comes, in order, until the end; all that waits at once."""
        while self._waiting or not self.ended:
            if self._waiting:
                batch = list(self._waiting)
                self._waiting.clear()
                self._changed.notify()
                yield batch
            else:
                await self._changed.wait()

    async def items(self) -> AsyncGenerator[T, None]:
        """Yield what comes, in order, until the end."""
        while True:
            while self._waiting:
                item = self._waiting.popleft()
                self._changed.notify()
                yield item
            if self.ended:
                return
            await self._changed.wait()
