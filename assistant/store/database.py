"""What waits to be written: it survives a kill, a power cut and a full disk, and never delays a conversation."""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from assistant import blocking
from assistant.blocking import StopFlag
from assistant.errors import AssistantError, Code
from assistant.events import Emitter, Error
from assistant.store import file
from assistant.store.file import Change, StateFile

MAX_WAITING = 1000
"""Writes that wait while the disk refuses them; of more the oldest are forgotten."""

RETRY_S = 30.0
"""Seconds until what the disk has refused is tried again, if nothing new comes before."""

Clock = Callable[[], float]
"""Seconds since 1970."""


class Database:
    """An open `state` file. Methods are called on the event loop.

    What is to be written waits for `run`, which reports a disk that refuses it and tries again. Reading does not wait
    for writing, and does not see what has not been written.
    """

    def __init__(self, state: StateFile, *, clock: Clock = time.time) -> None:
        self.now = clock
        """For repositories: the one clock by which rows are dated and judged."""
        self._state = state
        self._waiting: list[Change] = []
        self._changed = anyio.Event()
        self._queued = self._tried = 0
        self._progress = anyio.Event()
        self._error: AssistantError | None = None
        self._damage: sqlite3.Error | None = None
        """What was found in reading, until the file is begun anew."""
        self._unreadable: str | None = None
        """What SQLite calls a failure to read, until it has been reported."""
        if state.erases:
            self._changed.set()

    def close(self) -> None:
        """Write what still waits, and close the file."""
        try:
            self._commit(self._waiting)
        finally:
            self._state.close()

    def read(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows that `query` finds; none in a file that cannot be read, which `run` reports and begins anew."""
        try:
            return self._state.read(query, parameters)
        except sqlite3.Error as error:
            self._damage, self._unreadable = error, file.name_of(error)
            self._changed.set()
            return []

    def write(self, change: Change) -> None:
        """Make `change` soon, whole or not at all; changes are made in the order in which they were asked for."""
        self._queued += 1
        self._waiting.append(change)
        self._changed.set()

    def forget_damaged(self, before: float) -> None:
        """Remove a damaged file that was put aside, if it was last written at `before` or earlier.

        One that was written in the future is dated now.
        """
        if self._state.path is None:
            return
        aside, now = file.damaged(self._state.path), self.now()
        try:
            written = aside.stat().st_mtime
            if min(written, now) <= before:
                aside.unlink()
            elif written > now:
                os.utime(aside, (now, now))
        except OSError:
            return  # there is none, or the disk refuses, which the next write reports

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
            if self._unreadable is not None:
                emit(Error(code=Code.STATE_UNREADABLE, message=f"{self._state.path}: {self._unreadable}"))
                self._unreadable = None
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

    def _commit(self, changes: Sequence[Change], stop: StopFlag | None = None) -> bool:
        """Whether all of `changes` are in the file; where it is False, none is."""
        committed = False
        try:
            damage, self._damage = self._damage, None
            if damage is not None and file.is_damage(damage):
                self._begin_anew(damage, ())
            try:
                self._state.commit(changes)
                committed = True
                self._state.erase()
            except sqlite3.Error as error:
                if not file.is_damage(error):
                    raise
                committed = False
                self._begin_anew(error, changes)
                committed = True
        except (sqlite3.Error, OSError) as error:
            self._error = AssistantError(
                Code.STATE_UNWRITABLE,
                f"{self._state.path}: {_reason(error)}: what changes now is forgotten at the next start, what was "
                "forgotten may be there still; is the disk full?",
            )
        else:
            self._error = None
        return committed

    def _begin_anew(self, error: sqlite3.Error, changes: Sequence[Change]) -> None:
        """Put the file aside, and make `changes` in a new one; if they delete words, those put aside go too."""
        self._unreadable = file.name_of(error)
        self._state.begin_anew(error)
        self._state.commit(changes)
        if self._state.erases and self._state.path is not None:
            file.damaged(self._state.path).unlink(missing_ok=True)
            self._state.erase()


def open_database(path: Path, *, clock: Clock = time.time) -> Database:
    """The database at `path`, made if there is none; a damaged one is put aside and a new one begun.

    Raises `AssistantError`: `state.unwritable` when there can be none; `store.newer` when a newer program wrote it,
    which is then as it was, byte for byte.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Database(_opened(path), clock=clock)
    except (OSError, sqlite3.Error) as error:
        raise AssistantError(
            Code.STATE_UNWRITABLE,
            f"{path}: the state cannot be kept there: {_reason(error)}; is the disk full or read-only?",
        ) from None  # SQLite's own message may quote what was said


def database_in_memory(path: Path, *, clock: Clock = time.time) -> Database:
    """A database that ends with the process, with what can be read of the file at `path`, which is not touched."""
    return Database(file.in_memory(path), clock=clock)


def _opened(path: Path) -> StateFile:
    file.finish_renewal(path)
    try:
        file.refuse_newer(path, file.written_version(path))
        return StateFile(path)
    except sqlite3.Error as error:
        if not file.is_damage(error):
            raise
        file.put_aside(path, error)
        return StateFile(path)


def _reason(error: sqlite3.Error | OSError) -> str:
    if isinstance(error, sqlite3.Error):
        return file.name_of(error)
    return f"{error.filename}: {error.strerror}" if error.errno is None else os.strerror(error.errno)
