"""Timers, alarms and reminders, which ring although the process, or the machine, has ended in between."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from sqlite3 import Connection

import msgspec

from assistant.agenda.entry import Entry, Kind
from assistant.store.database import Database


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the column `entry`, as JSON."""

    kind: Kind
    room: str
    due: datetime
    name: str = ""
    length_s: float | None = None
    left_s: float | None = None
    wall: time | None = None
    weekdays: tuple[int, ...] = ()
    language: str = "en"


class AgendaTable:
    """The table `agenda`: a `Keeper`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> list[Entry]:
        """Those that were kept, as they were set; one that cannot be read is left out."""
        found = []
        for id, text in self._database.read("SELECT id, entry FROM agenda ORDER BY rowid"):
            try:
                found.append(_entry(id, msgspec.json.decode(text, type=_Row)))
            except (msgspec.DecodeError, TypeError):
                continue  # written by another version of the program, or damaged
        return found

    async def keep(self, entry: Entry) -> None:
        """As `Keeper.keep`."""
        self._database.write(partial(_keep, id=entry.id, text=msgspec.json.encode(_row(entry)).decode()))
        await self._database.written()

    async def forget(self, ids: Iterable[str]) -> None:
        """As `Keeper.forget`."""
        self._database.write(partial(_forget, ids=tuple(ids)))
        await self._database.written()


def _row(entry: Entry) -> _Row:
    return _Row(
        kind=entry.kind,
        room=entry.room,
        due=entry.due.astimezone(UTC),
        name=entry.name,
        length_s=entry.length.total_seconds() if entry.length is not None else None,
        left_s=entry.left.total_seconds() if entry.left is not None else None,
        wall=entry.wall,
        weekdays=entry.weekdays,
        language=entry.language,
    )


def _entry(id: str, row: _Row) -> Entry:
    return Entry(
        id=id,
        kind=row.kind,
        room=row.room,
        due=row.due,
        name=row.name,
        length=timedelta(seconds=row.length_s) if row.length_s is not None else None,
        left=timedelta(seconds=row.left_s) if row.left_s is not None else None,
        wall=row.wall,
        weekdays=row.weekdays,
        language=row.language,
    )


def _keep(connection: Connection, *, id: str, text: str) -> bool:
    # An update keeps the place in the order in which they were set.
    connection.execute(
        "INSERT INTO agenda (id, entry) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET entry = excluded.entry", (id, text)
    )
    return True


def _forget(connection: Connection, *, ids: tuple[str, ...]) -> bool:
    connection.executemany("DELETE FROM agenda WHERE id = ?", [(id,) for id in ids])
    return True
