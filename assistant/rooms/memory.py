"""What of a room outlives the process: its settings and what was said there."""

from functools import partial
from typing import TypeVar

from assistant.answers.history import History, nowhere
from assistant.store.store import Store

T = TypeVar("T")


class RoomMemory:
    """Of the room called `name`. Without `store` it remembers as long as the process lives."""

    def __init__(self, name: str, store: Store | None) -> None:
        self._name = name
        self._store = store
        remembered = store.exchanges.recent(name) if store is not None else ()
        keep = partial(store.exchanges.add, name) if store is not None else nowhere
        self.history = History(remembered, keep)

    def setting(self, name: str, kind: type[T]) -> T | None:
        """Read the setting `name`; None where there is none, or none that is a `kind`."""
        return self._store.settings.get(self._name, name, kind) if self._store is not None else None

    async def keep(self, name: str, value: object) -> None:
        """Store a setting and wait until it is on the disk.

        Raises `AssistantError` (`state.unwritable`) when the disk refuses.
        """
        if self._store is not None:
            self._store.settings.set(self._name, name, value)
            await self._store.written()

    async def forget(self) -> int:
        """Forget what was said, on the disk as well; return the number of exchanges. Raises as `keep` does."""
        forgotten = self.history.clear()
        if self._store is not None:
            self._store.exchanges.clear(self._name)
            await self._store.written()
        return forgotten
