"""The whole of what outlives the process: the database and its repositories."""

import os
import time
from pathlib import Path

from assistant.events import Emitter
from assistant.store.database import Clock, Database, open_database
from assistant.store.exchanges import Exchanges
from assistant.store.settings import Settings

NAME = "state.db"


def default_path() -> Path:
    """In `$STATE_DIRECTORY` (set by systemd), else in the user's state directory."""
    if given := os.environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0]) / NAME
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "assistant" / NAME


class Store:
    """A repository a table. Changes are written by `run`; `written` is for callers that promise to keep something."""

    def __init__(self, database: Database, *, history_hours: float) -> None:
        self.settings = Settings(database)
        self.exchanges = Exchanges(database, keep_hours=history_hours)
        self._database = database

    async def run(self, emit: Emitter) -> None:
        """As `Database.run`."""
        await self._database.run(emit)

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
