"""What was said in a room, kept for a while to go on with the conversation after a restart."""

from dataclasses import dataclass
from functools import partial
from sqlite3 import Connection

from assistant.store.database import Database

MAX_EXCHANGES = 1000
"""Exchanges of one room that are kept. A context of 2048 tokens holds some twenty."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the user said in a turn, and what was heard of the answer."""

    said: str
    heard: str


class Exchanges:
    """The table `exchange`. Words are kept for `keep_hours`; with 0 none is written."""

    def __init__(self, database: Database, *, keep_hours: float) -> None:
        self._database = database
        self._keep_hours = keep_hours

    def recent(self, room: str) -> list[Exchange]:
        """What was said in `room` within the hours that are kept, oldest first."""
        rows = self._database.read(
            "SELECT said, heard FROM exchange WHERE room = ? AND at >= ? ORDER BY id", (room, self._expired_before)
        )
        return [Exchange(said, heard) for said, heard in rows if isinstance(said, str) and isinstance(heard, str)]

    def add(self, room: str, exchange: Exchange) -> None:
        """Keep `exchange`, and forget what is too old in any room."""
        if self._keep_hours:
            self._database.write(partial(_add, room=room, exchange=exchange, now=self._database.now()))
            self.clear_expired()

    def clear(self, room: str | None) -> None:
        """Forget what was said in `room`, or in every room: not a word of it stays on the disk.

        What is in a damaged file that was put aside could be of any room, so it goes too.
        """
        self._database.write(_clear if room is None else partial(_clear_room, room=room))
        self._database.forget_damaged(before=self._database.now())

    def clear_expired(self) -> None:
        """Forget what is too old, also where fewer hours are kept than when it was said.

        What is dated in the future, as when the clock was wrong, is dated now: it expires as if it were said now.
        """
        before, now = self._expired_before, self._database.now()
        if self._database.read("SELECT 1 FROM exchange WHERE at < ? OR at > ? LIMIT 1", (before, now)):
            self._database.write(partial(_clear_expired, before=before, now=now))
        self._database.forget_damaged(before)

    @property
    def _expired_before(self) -> float:
        return self._database.now() - self._keep_hours * 3600


def _add(connection: Connection, *, room: str, exchange: Exchange, now: float) -> bool:
    connection.execute(
        "INSERT INTO exchange (room, at, said, heard) VALUES (?, ?, ?, ?)", (room, now, exchange.said, exchange.heard)
    )
    deleted = connection.execute(
        "DELETE FROM exchange WHERE room = :room AND id <="
        " (SELECT id FROM exchange WHERE room = :room ORDER BY id DESC LIMIT 1 OFFSET :most)",
        {"room": room, "most": MAX_EXCHANGES},
    )
    return deleted.rowcount > 0


def _clear(connection: Connection) -> bool:
    connection.execute("DELETE FROM exchange")
    return True


def _clear_room(connection: Connection, *, room: str) -> bool:
    connection.execute("DELETE FROM exchange WHERE room = ?", (room,))
    return True


def _clear_expired(connection: Connection, *, before: float, now: float) -> bool:
    connection.execute("UPDATE exchange SET at = ? WHERE at > ?", (now, now))
    return connection.execute("DELETE FROM exchange WHERE at < ?", (before,)).rowcount > 0
