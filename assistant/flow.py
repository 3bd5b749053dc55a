"""Items on their way from one task to another, when neither may be made to wait for the other."""

from collections import deque
from collections.abc import AsyncGenerator
from typing import Generic, TypeVar

import anyio

T = TypeVar("T")


class Signal:
    """Wakes every task that waits at the moment of `notify`; one that waits later waits for the next."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def notify(self) -> None:
        """Wake those that wait; returns at once. Called on the event loop."""
        self._event.set()
        self._event = anyio.Event()

    async def wait(self) -> None:
        """Return after the next `notify`. Whoever waits for a condition looks at it before and after."""
        await self._event.wait()


class Flow(Generic[T]):
    """Has no bound of its own: whoever puts items in knows how many there can be, or awaits `room`. For one reader."""

    def __init__(self) -> None:
        self._waiting: deque[T] = deque()
        self._changed = anyio.Event()
        self.ended = False

    def put(self, item: T) -> None:
        """Add an item; after the end it is left out."""
        if not self.ended:
            self._waiting.append(item)
            self._notice()

    def end(self) -> None:
        """There are no more."""
        self.ended = True
        self._notice()

    async def room(self, most: int) -> None:
        """Return once no more than `most` items wait."""
        while len(self._waiting) > most:
            await self._changed.wait()

    async def batches(self) -> AsyncGenerator[list[T], None]:
        """As `items`, all that waits at once."""
        while self._waiting or not self.ended:
            if self._waiting:
                batch = list(self._waiting)
                self._waiting.clear()
                self._notice()
                yield batch
            else:
                await self._changed.wait()

    async def items(self) -> AsyncGenerator[T, None]:
        """What comes, in order, until the end."""
        while True:
            while self._waiting:
                item = self._waiting.popleft()
                self._notice()
                yield item
            if self.ended:
                return
            await self._changed.wait()

    def _notice(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()
