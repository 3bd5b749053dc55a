"""The SQLite file: it survives a kill, a power cut and a full disk, and writing to it never delays a conversation."""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from assistant import blocking
from assistant.blocking import StopFlag
from assistant.errors import AssistantError, Code
from assistant.events import Emitter, Error
from assistant.store import migrations

log = logging.getLogger(__name__)

PRAGMAS = (
    "PRAGMA busy_timeout = 2000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
)
"""A transaction that has ended is on the disk (FULL syncs the log at each); words that were forgotten are zeroes."""

MAX_WAITING = 1000
"""Writes that wait while the disk refuses them; of more the oldest are forgotten."""

RETRY_S = 30.0
"""Seconds until what the disk has refused is tried again, if nothing new comes before."""

Change = Callable[[sqlite3.Connection], object]
"""Executes the statements of one write. It may be called again when the disk refused, so it asks no clock."""

Clock = Callable[[], float]
"""Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class _Write:
    change: Change
    erases: bool


class Database:
    """The file at `path`, brought to the version that this program writes. Methods are called on the event loop.

    What is to be written waits for `run`, which reports a disk that refuses it and tries again. Reading does not wait
    for writing, and does not see what has not been written.
    """

    def __init__(self, path: Path, *, clock: Clock = time.time) -> None:
        """Raises `sqlite3.Error` when there can be no database, and `AssistantError` (`store.newer`)."""
        self.now = clock
        """For repositories: the one clock by which rows are dated and judged."""
        self._path = path
        self._waiting: list[_Write] = []
        self._changed = anyio.Event()
        self._queued = self._tried = 0
        self._progress = anyio.Event()
        self._error: AssistantError | None = None
        self._log_has_erased = False
        """Whether words that are gone from the tables may still be in the write-ahead log."""
        with _private_files(), ExitStack() as opened:
            self._writing = opened.enter_context(closing(_connected(path)))
            _check(self._writing)
            _migrate(self._writing, path)
            self._reading = opened.enter_context(closing(_connected(path)))
            self._reading.execute("PRAGMA query_only = ON")
            self._connections = opened.pop_all()

    def close(self) -> None:
        """Write what still waits, and close the file."""
        with self._connections:
            self._commit(self._waiting)

    def read(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that `query` finds. Raises `AssistantError` (`state.unreadable`)."""
        try:
            return self._reading.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise AssistantError(
                Code.STATE_UNREADABLE, f"{self._path}: {error}; if it is damaged, it is put aside at the next start"
            ) from error

    def write(self, change: Change, *, erases: bool = False) -> None:
        """Make `change` soon, whole or not at all; changes are made in the order in which they were asked for.

        `erases`: what it deletes must be nowhere on the disk once it is `written`, also not in SQLite's log.
        """
        self._queued += 1
        self._waiting.append(_Write(change, erases))
        self._changed.set()

    async def run(self, emit: Emitter) -> None:
        """Write until it is cancelled; a disk that refuses is an `Error` event, once until it takes something again."""
        while True:
            with anyio.move_on_after(RETRY_S if self._error else None):
                await self._changed.wait()
            self._changed = anyio.Event()
            before, batch, queued = self._error, list(self._waiting), self._queued
            with anyio.CancelScope(shield=True):  # what has been written must not be written again
                committed = await blocking.call(partial(self._commit, batch), name="state")
            if committed:
                del self._waiting[: len(batch)]
            else:
                del self._waiting[:-MAX_WAITING]
            if self._error is not None and before is None:
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

    def _commit(self, writes: Sequence[_Write], stop: StopFlag | None = None) -> bool:
        """Whether all of `writes` are in the file; where it is False, none is."""
        committed = False
        try:
            with _transaction(self._writing):
                for write in writes:
                    write.change(self._writing)
            committed = True
            self._log_has_erased |= any(write.erases for write in writes)
            if self._log_has_erased:
                _empty_log(self._writing)
                self._log_has_erased = False
        except sqlite3.Error as error:
            self._error = AssistantError(
                Code.STATE_UNWRITABLE,
                f"{self._path}: {error}: what changes now is forgotten at the next start; is the disk full?",
            )
        else:
            self._error = None
        return committed


def open_database(path: Path, *, clock: Clock = time.time) -> Database:
    """The database at `path`, made if there is none; a damaged one is put aside and a new one begun.

    Raises `AssistantError`: `state.unwritable` when there can be none; `store.newer` when a newer program wrote it,
    which is then as it was, byte for byte.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            _refuse_newer(path, _written_version(path))
            return Database(path, clock=clock)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            _put_aside(path, error)
            return Database(path, clock=clock)
    except (OSError, sqlite3.Error) as error:
        raise AssistantError(
            Code.STATE_UNWRITABLE, f"{path}: the state cannot be kept there: {error}; is the disk full or read-only?"
        ) from error


def _written_version(path: Path) -> int:
    """The version of the file, which is not touched. 0 where there is none, or where only a writer could tell."""
    log_exists = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-journal"))
    mode = "mode=ro" if log_exists else "mode=ro&immutable=1"  # the latter makes no files of its own
    try:
        with _private_files(), closing(sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True)) as connection:
            return _version(connection)
    except sqlite3.OperationalError:
        return 0


def _refuse_newer(path: Path, version: int) -> None:
    if version > migrations.VERSION:
        raise AssistantError(
            Code.STORE_NEWER,
            f"{path} has version {version}, and this program knows versions up to {migrations.VERSION}: a newer program"
            " wrote it; install that again, or move the file away to begin anew without what it holds",
        )


def _put_aside(path: Path, error: sqlite3.DatabaseError) -> None:
    aside = path.with_suffix(".damaged")
    log.error("%s: %s (%s); begun anew, the old one is kept as %s", Code.STATE_UNREADABLE, path, error, aside)
    path.replace(aside)
    for left in ("-wal", "-shm"):
        path.with_name(path.name + left).unlink(missing_ok=True)


@contextmanager
def _private_files() -> Iterator[None]:
    """What is made meanwhile is the user's alone. SQLite makes files when they are first used, not when opened."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _connected(path: Path) -> sqlite3.Connection:
    """Transactions are begun and ended by statements alone."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _check(connection: sqlite3.Connection) -> None:
    """Raise `sqlite3.DatabaseError` when the file is damaged. Reads all of it: 0.7 ms for 1000 exchanges (0.4 MB)."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the file to the version of this program; a kill leaves it at one of the versions between, whole."""
    _refuse_newer(path, _version(connection))
    for migration in migrations.pending(_version(connection)):
        with _transaction(connection):
            if _version(connection) >= migration.version:
                continue  # another process was first
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {migration.version}")


def _empty_log(connection: sqlite3.Connection) -> None:
    """Move everything from the log into the file, and leave no word in it."""
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise sqlite3.OperationalError("another program is reading it, so forgotten words are still in its log")
