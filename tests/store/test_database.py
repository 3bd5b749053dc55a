"""The file: a real database on a real disk, and processes that are killed."""

import resource
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.events import Error, Event
from assistant.store.database import open_database
from assistant.store.exchanges import Exchange, Exchanges
from assistant.store.rooms import LOCAL_ROOM
from tests.store.opened import NOON, RAIN, exchanges_at, holding_a_snapshot, mentions, open_at, running

pytestmark = pytest.mark.anyio


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        store.settings.set(LOCAL_ROOM, "volume", 0.4)
        store.exchanges.add(LOCAL_ROOM, NOON)
        store.exchanges.add(LOCAL_ROOM, RAIN)
        await store.written()
    with closing(open_at(tmp_path / "state.db")) as store:
        assert store.settings.get(LOCAL_ROOM, "volume", float) == 0.4
        assert store.exchanges.recent(LOCAL_ROOM) == [NOON, RAIN]


async def test_what_still_waits_is_written_at_the_end(tmp_path: Path) -> None:
    with closing(open_at(tmp_path / "state.db")) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        assert store.exchanges.recent(LOCAL_ROOM) == []
    assert exchanges_at(tmp_path / "state.db") == [NOON]


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for kept in (5, 50):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(kept)][-1]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert exchanges_at(path)[-1].said >= acknowledged
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


WRITER = """
import sys
from itertools import count
from pathlib import Path
import anyio
from assistant.store.exchanges import Exchange
from assistant.store.rooms import LOCAL_ROOM
from assistant.store.store import open_store

async def main():
    store = open_store(Path(sys.argv[1]), history_hours=12)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run, print)
        for number in count():
            store.exchanges.add(LOCAL_ROOM, Exchange(f"{number:06}", "yes"))
            await store.written()
            print(f"{number:06}", flush=True)

anyio.run(main)
"""


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Meanwhile no file gets larger than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_refuses_is_told_once_and_nothing_is_lost_when_it_takes_something_again(
    tmp_path: Path,
) -> None:
    told: list[Event] = []
    path = tmp_path / "state.db"
    async with running(path, emit=told.append) as store:
        await store.written()
        with full_disk(40_000):
            for number in range(3):
                store.exchanges.add(LOCAL_ROOM, Exchange(f"{number}" * 50_000, "yes"))
                with pytest.raises(AssistantError) as error:
                    await store.written()
                assert error.value.code is Code.STATE_UNWRITABLE
        assert [event.code for event in told if isinstance(event, Error)] == [Code.STATE_UNWRITABLE]
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
    assert [exchange.said[:1] for exchange in exchanges_at(path)] == ["0", "1", "2", "w"]


async def test_words_that_another_program_still_reads_are_not_said_to_be_gone_before_they_are(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        with holding_a_snapshot(path):
            (tmp_path / "state.db-new").mkdir()  # where the file without the words would be made
            store.exchanges.clear(LOCAL_ROOM)
            store.exchanges.add(LOCAL_ROOM, RAIN)
            with pytest.raises(AssistantError) as error:
                await store.written()
            assert error.value.code is Code.STATE_UNWRITABLE
            assert mentions(tmp_path, b"noon")
            (tmp_path / "state.db-new").rmdir()
        store.exchanges.add(LOCAL_ROOM, RAIN)
        await store.written()
        assert not mentions(tmp_path, b"noon")
        assert store.exchanges.recent(LOCAL_ROOM) == [RAIN, RAIN]


async def test_a_write_that_fails_in_its_middle_is_not_made_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.db"

    def half(connection: sqlite3.Connection) -> bool:
        connection.execute("DELETE FROM exchange")
        raise sqlite3.OperationalError("no more")

    with closing(open_database(path)) as database:
        exchanges = Exchanges(database, keep_hours=12)
        exchanges.add(LOCAL_ROOM, NOON)
    with closing(open_database(path)) as database:
        database.write(half)
    with closing(open_database(path)) as database:
        assert Exchanges(database, keep_hours=12).recent(LOCAL_ROOM) == [NOON]


async def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 500)
    async with running(path) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
    assert exchanges_at(path) == [NOON]
    assert path.with_suffix(".damaged").read_bytes().startswith(b"not a database")


async def test_damage_in_the_middle_of_the_file_is_found_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(open_at(path)) as store:
        for number in range(100):
            store.exchanges.add(LOCAL_ROOM, Exchange(f"{number}" * 500, "yes"))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(content)
    assert exchanges_at(path) == []
    assert path.with_suffix(".damaged").read_bytes() == content


async def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AssistantError) as error:
        open_at(tmp_path / "file" / "state.db")
    assert error.value.code is Code.STATE_UNWRITABLE
    assert str(tmp_path / "file") in error.value.message


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    async with running(tmp_path / "new" / "state.db") as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").iterdir()}
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
