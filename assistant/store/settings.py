"""What was set and outlives the process, a value a name: the volume, whether the microphone is off."""

from functools import partial
from sqlite3 import Connection
from typing import TypeVar

import msgspec

from assistant.store.database import Database

T = TypeVar("T")


class Settings:
    """The table `setting`. Those of no room belong to `NO_ROOM`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, room: str, name: str, kind: type[T]) -> T | None:
        """The setting called `name`; None where there is none that a `kind` can be made of."""
        rows = self._database.read("SELECT value FROM setting WHERE room = ? AND name = ?", (room, name))
        try:
            return msgspec.json.decode(rows[0][0], type=kind) if rows else None
        except (msgspec.DecodeError, TypeError):
            return None  # written by another version of the program, or damaged

    def set(self, room: str, name: str, value: object) -> None:
        """Keep `value`, which msgspec can write as JSON."""
        text = msgspec.json.encode(value).decode()
        self._database.write(partial(_set, room=room, name=name, value=text))


def _set(connection: Connection, *, room: str, name: str, value: str) -> bool:
    connection.execute("INSERT OR REPLACE INTO setting (room, name, value) VALUES (?, ?, ?)", (room, name, value))
    return False
