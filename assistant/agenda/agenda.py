"""Everything that is due, in memory and on the disk."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from assistant.agenda.entry import Entry
from assistant.errors import AssistantError, Code
from assistant.flow import Signal

MAX_ENTRIES = 200
"""More than a household has; a child that says "again" all afternoon does not fill the disk."""


class Keeper(Protocol):
    """Where entries outlive the process."""

    def load(self) -> list[Entry]:
        """Those that were kept."""

    async def keep(self, entry: Entry) -> None:
        """Keep or replace; returns when it is on the disk. Raises `AssistantError` (`state.unwritable`)."""

    async def forget(self, ids: Iterable[str]) -> None:
        """Remove; returns when it is on the disk. Raises as `keep` does."""


@dataclass
class Agenda:
    """The entries of all rooms. Changes are on the disk when its methods return."""

    keeper: Keeper | None = None
    changed: Signal = field(default_factory=Signal)
    """Notified after each change."""
    _entries: dict[str, Entry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.keeper is not None:
            self._entries = {entry.id: entry for entry in self.keeper.load()}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """In the order in which they were set."""
        return tuple(self._entries.values())

    def get(self, id: str) -> Entry | None:
        """The entry called `id`, if it is still there."""
        return self._entries.get(id)

    async def put(self, entry: Entry) -> None:
        """Add or replace. Raises `AssistantError` (`agenda.full`, `state.unwritable`), and then nothing changed."""
        before = self._entries.get(entry.id)
        if before is None and len(self._entries) >= MAX_ENTRIES:
            raise AssistantError(Code.AGENDA_FULL, f"there are {MAX_ENTRIES} timers and alarms; cancel some first")
        self._entries[entry.id] = entry
        try:
            if self.keeper is not None:
                await self.keeper.keep(entry)
        except AssistantError:
            if before is None:
                del self._entries[entry.id]
            else:
                self._entries[entry.id] = before
            raise
        self.changed.notify()

    async def remove(self, ids: Iterable[str]) -> None:
        """Remove what is there of `ids`. Raises `AssistantError` (`state.unwritable`), and then nothing changed."""
        removed = {id: self._entries.pop(id) for id in ids if id in self._entries}
        try:
            if self.keeper is not None and removed:
                await self.keeper.forget(removed)
        except AssistantError:
            self._entries |= removed
            raise
        self.changed.notify()
