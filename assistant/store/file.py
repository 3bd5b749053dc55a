"""The SQLite file: opened and checked, put aside when it is damaged, and emptied of what was forgotten.

Beside the file may lie, all of them the user's alone: `-wal` and `-shm`, SQLite's; `.damaged`, the last file that was
put aside; `-new`, a copy that is being made, worth nothing; `-next`, a whole copy that is to take the file's place.
"""

import logging
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError, Code
from assistant.store import migrations

log = logging.getLogger(__name__)

PRAGMAS = (
    "PRAGMA busy_timeout = 2000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
)
"""A transaction that has ended is on the disk (FULL syncs the log at each); words that were forgotten are zeroes, and
are in no temporary file."""

DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""SQLite's codes for a file that is not what it should be, as opposed to a disk that refuses."""

Change = Callable[[sqlite3.Connection], bool]
"""Executes the statements of one write, and returns whether it deletes words, which must then be nowhere on the disk.

It may be called again when the disk refused, so it asks no clock.
"""


class StateFile:
    """An open file, or, with the path None, a database in memory. Writes in any thread, one at a time."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, checked and of this program's version. Raises `sqlite3.Error`, `AssistantError`."""
        self.path = path
        self._exchanging = threading.Lock()
        """Held while the connections are others than a moment ago."""
        self._has_erased = path is not None and _beside(path, "-wal").exists()
        """Whether deleted words may still be in the log: it outlives only a process that was killed."""
        self._connect()

    @property
    def erases(self) -> bool:
        """Whether deleted words wait for a commit, even an empty one, to be gone from the disk."""
        return self._has_erased

    def close(self) -> None:
        """Close the connections."""
        self._reading.close()
        self._writing.close()

    def read(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """All rows that `query` finds. Raises `sqlite3.Error`."""
        with self._exchanging, _named_errors():
            return self._reading.execute(query, parameters).fetchall()

    def commit(self, changes: Sequence[Change]) -> None:
        """Make all of `changes`, or none. Raises `sqlite3.Error`, `OSError`."""
        if not self._is_open and self.path is not None:
            self._exchange(finish_renewal)  # the disk refused the last time
        with _named_errors(), _transaction(self._writing):
            erases = [change(self._writing) for change in changes]
        self._has_erased |= any(erases)

    def erase(self) -> None:
        """Leave no deleted word in any file, also while another program reads it. Raises `sqlite3.Error`, `OSError`.

        A program that reads for longer than a checkpoint waits finds the file that it has open overwritten.
        """
        if self._has_erased and self.path is not None:
            with _named_errors():
                self._writing.execute("VACUUM").fetchall()  # pages keep copies of rows that were moved within them
                (busy, _, _) = self._writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                if busy:
                    self._renew(self.path)
        self._has_erased = False

    def begin_anew(self, error: sqlite3.Error) -> None:
        """Put the damaged file aside and begin another. Raises `sqlite3.Error`, `OSError`."""
        self._exchange(lambda path: put_aside(path, error))

    def copy(self, source: sqlite3.Connection) -> None:
        """Take over all of `source`, checked and of this program's version. Raises as the constructor does."""
        with _named_errors():
            source.backup(self._writing)
            _check(self._writing)
            _migrate(self._writing, self.path)

    def _connect(self) -> None:
        with _named_errors(), _private_files():
            self._writing = _connected(self.path)
            try:
                _check(self._writing)
                _migrate(self._writing, self.path)
                self._reading = self._writing if self.path is None else _connected(self.path)
            except BaseException:
                self._writing.close()
                raise
        if self.path is not None:
            self._reading.execute("PRAGMA query_only = ON")
        self._is_open = True

    def _renew(self, path: Path) -> None:
        """Let a copy of what is left take the place of the file. A kill at any moment leaves one that is whole."""
        new = _beside(path, "-new")
        new.unlink(missing_ok=True)
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._writing.execute("VACUUM INTO ?", (str(new),))
        _sync(new)
        new.replace(_beside(path, "-next"))
        _sync(path.parent)
        self._exchange(finish_renewal)

    def _exchange(self, replace: Callable[[Path], None]) -> None:
        with self._exchanging:
            self.close()
            self._is_open = False
            if self.path is not None:
                replace(self.path)
            self._connect()


def finish_renewal(path: Path) -> None:
    """If a copy is to take the place of the file, overwrite what is there and let it. Raises `OSError`."""
    _beside(path, "-new").unlink(missing_ok=True)
    if not _beside(path, "-next").exists():
        return
    for old in (_beside(path, "-wal"), path):
        with suppress(FileNotFoundError):
            _overwrite(old)
    for old in (_beside(path, "-wal"), _beside(path, "-shm")):
        old.unlink(missing_ok=True)
    _beside(path, "-next").replace(path)
    _sync(path.parent)


def put_aside(path: Path, error: sqlite3.Error) -> None:
    """Rename the damaged file, and copy the settings that can still be read into a new one. Raises `OSError`."""
    aside = damaged(path)
    log.error("%s: %s (%s); begun anew, the old one is kept as %s", Code.STATE_UNREADABLE, path, name_of(error), aside)
    path.replace(aside)
    for left in ("-wal", "-shm"):
        _beside(path, left).unlink(missing_ok=True)
    settings = _readable_settings(aside)
    with closing(StateFile(path)) as fresh:
        fresh.commit([lambda connection: _insert_settings(connection, settings)])


def damaged(path: Path) -> Path:
    """Where the file at `path` is kept when it is damaged."""
    return path.with_suffix(".damaged")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is at fault, and not the disk or another program."""
    return isinstance(error, _Damaged) or (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DAMAGE


def name_of(error: sqlite3.Error) -> str:
    """What SQLite calls `error`. Its message is not for logs: it may quote what somebody said."""
    return getattr(error, "sqlite_errorname", "SQLITE_CORRUPT" if isinstance(error, _Damaged) else "SQLITE_ERROR")


def in_memory(path: Path) -> StateFile:
    """A database in memory, with what can be read of the file at `path`, which is not touched."""
    with_log = ("mode=ro",) if _beside(path, "-wal").exists() else ()
    for how in (*with_log, "mode=ro&immutable=1"):  # the latter makes no files of its own, and reads no log
        state = StateFile(None)
        try:
            with closing(sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)) as source:
                state.copy(source)
            return state
        except (sqlite3.Error, AssistantError):
            state.close()
    return StateFile(None)


def written_version(path: Path) -> int:
    """The version of the file, which is not touched. 0 where there is none, or where only a writer could tell."""
    log_exists = any(_beside(path, suffix).exists() for suffix in ("-wal", "-journal"))
    mode = "mode=ro" if log_exists else "mode=ro&immutable=1"  # the latter makes no files of its own
    try:
        source = f"{path.absolute().as_uri()}?{mode}"
        with _named_errors(), _private_files(), closing(sqlite3.connect(source, uri=True)) as connection:
            return _version(connection)
    except sqlite3.OperationalError:
        return 0


def refuse_newer(path: Path | None, version: int) -> None:
    """Raise `AssistantError` (`store.newer`) for a file that a newer program wrote."""
    if version > migrations.VERSION:
        raise AssistantError(
            Code.STORE_NEWER,
            f"{path} has version {version}, and this program knows versions up to {migrations.VERSION}: a newer program"
            " wrote it; install that again, or move the file away to begin anew without what it holds",
        )


class _Damaged(sqlite3.DatabaseError):
    """The file is a database, but not what this program wrote."""


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@contextmanager
def _private_files() -> Iterator[None]:
    """What is made meanwhile is the user's alone. SQLite makes files when they are first used, not when opened."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _connected(path: Path | None) -> sqlite3.Connection:
    """Transactions are begun and ended by statements alone; text that is no UTF-8 is read all the same."""
    connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
    connection.text_factory = _text
    try:
        for pragma in PRAGMAS:
            connection.execute(pragma).fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _text(content: bytes) -> str:
    """An error of decoding would quote the text."""
    return content.decode(errors="replace")


@contextmanager
def _named_errors() -> Iterator[None]:
    """Raise `_Damaged` where SQLite's message quotes bytes of the file that are no text, which Python cannot decode."""
    try:
        yield
    except UnicodeDecodeError:
        raise _Damaged from None  # it holds the bytes, which may be words


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # it may have been ended by what went wrong
            connection.rollback()
        raise


def _check(connection: sqlite3.Connection) -> None:
    """Raise `sqlite3.DatabaseError` when the file is damaged. Reads all of it, and what its index says of it."""
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise _Damaged


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _migrate(connection: sqlite3.Connection, path: Path | None) -> None:
    """Bring the file to the version of this program; a kill leaves it at one of the versions between, whole."""
    refuse_newer(path, _version(connection))
    for migration in migrations.pending(_version(connection)):
        try:
            _apply(connection, migration)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            raise _Damaged from error  # its tables are not those of its version
    if not _layout_of_version() <= _layout(connection):
        raise _Damaged


def _apply(connection: sqlite3.Connection, migration: migrations.Migration) -> None:
    with _transaction(connection):
        if _version(connection) >= migration.version:
            return  # another process was first
        for statement in migration.statements:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {migration.version}")


def _layout(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    return set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def _layout_of_version() -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for migration in migrations.MIGRATIONS:
            _apply(fresh, migration)
        return _layout(fresh)


def _readable_settings(path: Path) -> list[tuple[str, str, str]]:
    """Settings of a damaged file, up to where it is damaged: a microphone that was switched off stays off."""
    found: list[tuple[str, str, str]] = []
    with (
        suppress(sqlite3.Error, UnicodeDecodeError),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection,
    ):
        rows = connection.execute("SELECT room, name, value FROM setting")
        found.extend(row for row in rows if all(isinstance(value, str) for value in row))
    return found


def _insert_settings(connection: sqlite3.Connection, settings: Sequence[tuple[str, str, str]]) -> bool:
    connection.executemany("INSERT OR REPLACE INTO setting (room, name, value) VALUES (?, ?, ?)", settings)
    return False


def _overwrite(path: Path) -> None:
    """Write zeroes over all of a file, for whoever has it open."""
    with path.open("r+b") as file:
        left = os.fstat(file.fileno()).st_size
        while left > 0:
            left -= file.write(bytes(min(left, 1 << 20)))
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
