"""A store in a real file, as the tests open it."""

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio

from assistant.events import Event
from assistant.store.database import Clock
from assistant.store.exchanges import Exchange
from assistant.store.rooms import LOCAL_ROOM
from assistant.store.store import Store, open_store

NOON = Exchange("what time is it", "It is noon.")
RAIN = Exchange("will it rain", "No.")


@dataclass
class SetClock:
    """Shows `now` until it is set to another time."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def open_at(path: Path, *, hours: float = 12.0, clock: Clock | None = None) -> Store:
    return open_store(path, history_hours=hours, clock=clock or SetClock())


def exchanges_at(path: Path, room: str = LOCAL_ROOM, *, clock: Clock | None = None) -> list[Exchange]:
    """What a store that is opened there finds."""
    with closing(open_at(path, clock=clock)) as store:
        return store.exchanges.recent(room)


@asynccontextmanager
async def running(
    path: Path, *, hours: float = 12.0, clock: Clock | None = None, emit: Callable[[Event], None] = print
) -> AsyncIterator[Store]:
    """A store that writes, as long as the context lasts."""
    with anyio.fail_after(20), closing(open_at(path, hours=hours, clock=clock)) as store:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run, emit)
            yield store
            tasks.cancel_scope.cancel()


def mentions(folder: Path, words: bytes) -> bool:
    """Whether any file in `folder` has these words."""

    def read(file: Path) -> bytes:
        try:
            return file.read_bytes()
        except FileNotFoundError:  # renamed or removed since it was listed
            return b""

    return any(words in read(file) for file in folder.iterdir() if file.is_file())


@contextmanager
def holding_a_snapshot(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program that reads the file and does not end its transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM exchange").fetchall()
        yield reader
