"""What is on the lists of the household: shopping, things to do, any other."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from sqlite3 import Connection

from assistant.errors import AssistantError, Code
from assistant.store.database import Database

MAX_ITEMS = 1000
"""On all lists together."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on a list."""

    list: str
    """The name of the list, in lower case."""
    text: str


class Lists:
    """The table `list_item`: all lists, in memory and, once the methods that change them return, on the disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        rows = database.read("SELECT list, item FROM list_item ORDER BY id")
        self._items = [Item(name, text) for name, text in rows if isinstance(name, str) and isinstance(text, str)]

    @property
    def items(self) -> tuple[Item, ...]:
        """All items, in the order in which they were added."""
        return tuple(self._items)

    @property
    def names(self) -> tuple[str, ...]:
        """The lists that have something on them, the oldest first."""
        return tuple(dict.fromkeys(item.list for item in self._items))

    def on(self, name: str) -> tuple[str, ...]:
        """What is on the list `name`."""
        return tuple(item.text for item in self._items if item.list == name)

    async def add(self, items: Iterable[Item]) -> None:
        """Put `items` on their lists. Raises `AssistantError` (`lists.full`, `state.unwritable`), and then nothing
        changed."""
        new = list(items)
        if len(self._items) + len(new) > MAX_ITEMS:
            raise AssistantError(Code.LISTS_FULL, f"there are {MAX_ITEMS} things on the lists; take some off first")
        self._items += new
        await self._write(partial(_add, items=new, now=self._database.now()), back=new)

    async def remove(self, items: Iterable[Item]) -> None:
        """Take `items` off their lists, each once. Raises `AssistantError` (`state.unwritable`)."""
        gone = [item for item in items if item in self._items]
        for item in gone:
            self._items.remove(item)
        self._database.write(partial(_remove, items=gone))
        await self._database.written()

    async def _write(self, change: partial[bool], back: list[Item]) -> None:
        try:
            self._database.write(change)
            await self._database.written()
        except AssistantError:
            for item in back:
                self._items.remove(item)
            raise


def _add(connection: Connection, *, items: list[Item], now: float) -> bool:
    connection.executemany(
        "INSERT INTO list_item (list, item, at) VALUES (?, ?, ?)", [(item.list, item.text, now) for item in items]
    )
    return False


def _remove(connection: Connection, *, items: list[Item]) -> bool:
    connection.executemany(
        "DELETE FROM list_item WHERE id = (SELECT id FROM list_item WHERE list = ? AND item = ? ORDER BY id LIMIT 1)",
        [(item.list, item.text) for item in items],
    )
    return True
