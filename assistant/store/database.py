"""What outlives the process: a small SQLite database that survives a kill, a power cut and a full disk."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import msgspec

from assistant import blocking
from assistant.store.exchanges import Exchange
from assistant.blocking import StopFlag
from assistant.errors import AssistantError, Code
from assistant.events import Emitter, Error

log = logging.getLogger(__name__)

NAME = "state.db"

MOST_EXCHANGES = 1000
"""Exchanges that are kept at most. A context of 2048 tokens holds some twenty."""

LAYOUT = """
    CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS exchange (
        id INTEGER PRIMARY KEY, at REAL NOT NULL, said TEXT NOT NULL, heard TEXT NOT NULL
    );
"""

PRAGMAS = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA busy_timeout = 2000;
"""
"""A transaction that has ended is on the disk (FULL syncs the log at each); words that were forgotten are zeroes."""

MOST_WAITING = 1000
"""Writes that wait while the disk refuses them; of more the oldest are forgotten."""

T = TypeVar("T")

Write = Callable[[sqlite3.Connection], None]


def default_path() -> Path:
    """In `$STATE_DIRECTORY` (set by systemd), else in the user's state directory."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0]) / NAME
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "assistant" / NAME


RETRY_S = 30.0
"""Seconds until what the disk has refused is tried again, if nothing new comes before."""


class State:
    """Settings and exchanges in the database at `path`.

    Writing never makes the conversation wait: what is to be written waits for `run`, which tells of a disk that refuses
    it and tries again. `written` is for those who promise that something is kept. Methods are called on the event loop.
    """

    def __init__(self, path: Path, *, history_hours: float) -> None:
        self._path = path
        self._history_hours = history_hours
        self._waiting: list[Write] = []
        self._changed = anyio.Event()
        self._queued = self._tried = 0
        self._progress = anyio.Event()
        self._error: AssistantError | None = None
        self._connection = _opened(path)

    def close(self) -> None:
        """Write what still waits, and close the database."""
        with closing(self._connection):
            self._write(self._waiting)

    def get(self, name: str, kind: type[T]) -> T | None:
        """The setting called `name`; None where there is none that a `kind` can be made of."""
        found = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        try:
            return msgspec.json.decode(found[0], type=kind) if found else None
        except msgspec.DecodeError:
            return None  # of another version

    def set(self, name: str, value: object) -> None:
        """Keep a setting."""
        text = msgspec.json.encode(value).decode()
        self._queue(partial(_set, name=name, value=text))

    def exchanges(self) -> list[Exchange]:
        """What was said within the hours that are kept, oldest first."""
        since = time.time() - self._history_hours * 3600
        rows = self._connection.execute("SELECT said, heard FROM exchange WHERE at >= ? ORDER BY id", (since,))
        return [Exchange(said, heard) for said, heard in rows]

    def add(self, exchange: Exchange) -> None:
        """Keep `exchange`, and forget what is too old."""
        if self._history_hours:
            now = time.time()
            self._queue(partial(_add, exchange=exchange, now=now, since=now - self._history_hours * 3600))

    def clear(self) -> None:
        """Forget what was said."""
        self._queue(_clear)

    async def run(self, emit: Emitter) -> None:
        """Write until it is cancelled; a disk that refuses is an `Error` event, once until it takes something again."""
        while True:
            with anyio.move_on_after(RETRY_S if self._waiting else None):
                await self._changed.wait()
            self._changed = anyio.Event()
            before, batch, queued = self._error, list(self._waiting), self._queued
            with anyio.CancelScope(shield=True):  # what has been written must not be written again
                await blocking.call(partial(self._write, batch), name="state")
            if self._error is None:
                del self._waiting[: len(batch)]
            else:
                del self._waiting[:-MOST_WAITING]
                if before is None:
                    emit(Error(code=self._error.code, message=self._error.message))
            self._tried = queued
            self._progress.set()
            self._progress = anyio.Event()

    async def written(self) -> None:
        """Return when everything so far is on the disk. Raises `AssistantError` (`state.unwritable`) if it is not."""
        wanted = self._queued
        while self._tried < wanted:
            await self._progress.wait()
        if self._error is not None:
            raise self._error

    def _queue(self, write: Write) -> None:
        self._queued += 1
        self._waiting.append(write)
        self._changed.set()

    def _write(self, writes: Sequence[Write], stop: StopFlag | None = None) -> None:
        try:
            with self._connection:
                for write in writes:
                    write(self._connection)
            if _clear in writes:
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log still has the words
        except sqlite3.Error as error:
            self._error = AssistantError(
                Code.STATE_UNWRITABLE,
                f"{self._path}: {error}: what changes now is forgotten at the next start; is the disk full?",
            )
        else:
            self._error = None


def open_state(path: Path, *, history_hours: float) -> State:
    """The database at `path`, made if there is none; a damaged one is put aside and a new one begun.

    Raises `AssistantError` (`state.unwritable`) when there can be none.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return State(path, history_hours=history_hours)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            aside = path.with_suffix(".damaged")
            log.error("%s: %s (%s); begun anew, the old one is kept as %s", Code.STATE_UNREADABLE, path, error, aside)
            path.replace(aside)
            for left in ("-wal", "-shm"):
                path.with_name(path.name + left).unlink(missing_ok=True)
            return State(path, history_hours=history_hours)
    except (OSError, sqlite3.Error) as error:
        raise AssistantError(
            Code.STATE_UNWRITABLE, f"{path}: the state cannot be kept there: {error}; is the disk full or read-only?"
        ) from error


def _opened(path: Path) -> sqlite3.Connection:
    before = os.umask(0o077)
    try:
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.executescript(PRAGMAS + LAYOUT)
        connection.execute("SELECT count(*) FROM exchange").fetchone()
    finally:
        os.umask(before)
    return connection


def _set(connection: sqlite3.Connection, *, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))


def _add(connection: sqlite3.Connection, *, exchange: Exchange, now: float, since: float) -> None:
    connection.execute("INSERT INTO exchange (at, said, heard) VALUES (?, ?, ?)", (now, exchange.said, exchange.heard))
    connection.execute(
        "DELETE FROM exchange WHERE at < ? OR id <= (SELECT max(id) FROM exchange) - ?", (since, MOST_EXCHANGES)
    )


def _clear(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM exchange")
