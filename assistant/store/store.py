"""The whole of what outlives the process: the database and its repositories."""

import os
import time
from pathlib import Path

import anyio

from assistant.events import Emitter
from assistant.store.agenda import AgendaTable
from assistant.store.database import Clock, Database, database_in_memory, open_database
from assistant.store.exchanges import Exchanges
from assistant.store.lists import Lists
from assistant.store.settings import Settings
from assistant.store.texts import Facts, Notes

NAME = "state.db"

EXPIRY_S = 20.0
"""Interval of the search for what is too old, in seconds. With `database.RETRY_S` and the wait for another program that
reads the file, words are gone from the disk within a minute."""


def default_path() -> Path:
    """In `$STATE_DIRECTORY` (set by systemd), else in the user's state directory."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0]) / NAME
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "assistant" / NAME


class Store:
    """A repository a table. Changes are written by `run`; `written` is for callers that promise to keep something."""

    def __init__(self, database: Database, *, history_hours: float, trouble: str = "") -> None:
        self.settings = Settings(database)
        self.exchanges = Exchanges(database, keep_hours=history_hours)
        self.agenda = AgendaTable(database)
        self.lists = Lists(database)
        self.notes = Notes(database)
        self.facts = Facts(database)
        self.trouble = trouble
        """Why nothing outlives the process, in a sentence; empty if it does."""
        self._database = database

    async def run(self, emit: Emitter) -> None:
        """As `Database.run`, and forget what is too old by the time."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._database.run, emit)
            while True:
                self.exchanges.clear_expired()
                await anyio.sleep(EXPIRY_S)

    async def written(self) -> None:
        """As `Database.written`."""
        await self._database.written()

    def close(self) -> None:
        """As `Database.close`."""
        self._database.close()


def open_store(path: Path, *, history_hours: float, clock: Clock = time.time) -> Store:
    """The store in the file at `path`. Raises as `open_database` does.

    What is too old by now is forgotten as soon as `run` writes.
    """
    store = Store(open_database(path, clock=clock), history_hours=history_hours)
    store.exchanges.clear_expired()
    return store


def store_in_memory(path: Path, *, history_hours: float, trouble: str, clock: Clock = time.time) -> Store:
    """A store that ends with the process, because of `trouble`, with what can be read of the file at `path`."""
    database = database_in_memory(path, clock=clock)
    return Store(database, history_hours=history_hours, trouble=trouble)
