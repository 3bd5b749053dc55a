"""Files of every earlier version, of newer ones, and migrations that are killed."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.store.migrations import MIGRATIONS, VERSION, pending
from tests.store.opened import NOON, SetClock, exchanges_at, mentions, open_at, running
from tests.store.versions import AT, FILES, LAYOUT_1, OldFile

pytestmark = pytest.mark.anyio


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def layout(path: Path) -> list[tuple[object, ...]]:
    return [*rows(path, "PRAGMA user_version"), *rows(path, "SELECT type, name, sql FROM sqlite_master ORDER BY name")]


def test_versions_are_numbered_without_a_gap() -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, VERSION + 1))
    assert [migration.version for migration in pending(1)] == list(range(2, VERSION + 1))
    assert pending(VERSION) == pending(VERSION + 1) == ()


def test_there_is_a_file_of_every_earlier_version() -> None:
    assert {file.version for file in FILES} == set(range(VERSION))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_of_an_earlier_version_is_brought_up_to_date_with_all_that_it_holds(
    tmp_path: Path, file: OldFile
) -> None:
    old, fresh = tmp_path / "old.db", tmp_path / "fresh.db"
    file.write(old)
    for path in (old, fresh):
        open_at(path).close()
    assert layout(old) == layout(fresh)
    assert rows(old, "SELECT room, name, value FROM setting ORDER BY room, name") == list(file.settings)
    assert rows(old, "SELECT room, at, said, heard FROM exchange ORDER BY id") == [
        (room, AT, exchange.said, exchange.heard) for room, exchange in file.exchanges
    ]


@pytest.mark.parametrize("file", FILES, ids=str)
async def test_what_an_earlier_version_kept_can_be_forgotten_altogether(tmp_path: Path, file: OldFile) -> None:
    file.write(tmp_path / "state.db")
    async with running(tmp_path / "state.db") as store:
        store.exchanges.clear(None)
        await store.written()
        assert not mentions(tmp_path, b"noon")


def test_what_was_said_before_the_first_start_of_the_new_program_goes_on_in_the_local_room(tmp_path: Path) -> None:
    file = next(file for file in FILES if file.name == "version 1")
    file.write(tmp_path / "state.db")
    with closing(open_at(tmp_path / "state.db", clock=SetClock(AT))) as store:
        assert store.settings.get("local", "volume", float) == 0.4
        assert store.exchanges.recent("local") == [exchange for _, exchange in file.exchanges]
        store.exchanges.add("local", NOON)
    assert exchanges_at(tmp_path / "state.db", "local", clock=SetClock(AT))[-1] == NOON


def test_a_migration_that_is_killed_leaves_the_old_version_or_the_new_one_whole(tmp_path: Path) -> None:
    original = tmp_path / "state.db"
    said = [f"{number:04}" * 3000 for number in range(400)]  # more than SQLite's cache, so it writes before the end
    with closing(sqlite3.connect(original)) as connection:
        connection.executescript(LAYOUT_1)
        with connection:
            connection.executemany(
                "INSERT INTO exchange (at, said, heard) VALUES (?, ?, 'Yes.')", [(AT, words) for words in said]
            )
    subprocess.run([sys.executable, "-c", KILLED_MIGRATIONS, str(original)], check=True)
    killed = sorted(tmp_path.glob("killed-*/state.db"))
    assert len(killed) > len(MIGRATIONS[1].statements)
    half_written = 0
    for path in killed:
        copied = path.parent / "copied"
        copied.mkdir()
        for file in path.parent.glob("state.db*"):
            shutil.copy(file, copied)
        (version,) = rows(copied / "state.db", "PRAGMA user_version")[0]
        assert isinstance(version, int)
        columns = {name for (name,) in rows(copied / "state.db", "SELECT name FROM pragma_table_info('exchange')")}
        assert ("room" in columns) == (version >= 2)
        assert version in range(VERSION + 1)  # 0 and 1 have one layout
        if version < 2 and (log := path.with_name("state.db-wal")).exists():
            half_written = max(half_written, log.stat().st_size)
        assert [words for (words,) in rows(copied / "state.db", "SELECT said FROM exchange ORDER BY id")] == said
        tables = {name for (name,) in rows(copied / "state.db", "SELECT name FROM sqlite_master WHERE type = 'table'")}
        added = {"agenda", "list_item", "note", "fact"} if version >= 3 else set()
        assert tables == {"setting", "exchange", *added}
        assert [exchange.said for exchange in exchanges_at(path, clock=SetClock(AT))] == said
        assert rows(path, "PRAGMA user_version") == [(VERSION,)]
    assert half_written > 1_000_000


KILLED_MIGRATIONS = """
import os, shutil, signal, sqlite3, sys
from itertools import count
from pathlib import Path
from assistant.store.database import open_database

original, connect = Path(sys.argv[1]), sqlite3.connect

def migrate(path, last):
    # Ends by a kill before the statement number `last` of all that change the file.
    statements = count()
    def trace(statement):
        if statement.split()[0] in {"BEGIN", "COMMIT", "ALTER", "CREATE", "INSERT", "DROP", "PRAGMA"}:
            if next(statements) == last:
                os.kill(os.getpid(), signal.SIGKILL)
    def traced(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.set_trace_callback(trace)
        return connection
    sqlite3.connect = traced
    open_database(path)

for last in count():
    path = original.parent / f"killed-{last:03}" / original.name
    path.parent.mkdir()
    shutil.copy(original, path)
    if not (child := os.fork()):
        migrate(path, last)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != -signal.SIGKILL:
        break
"""


@pytest.mark.parametrize("ended", ["in order", "killed"])
def test_a_file_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path, ended: str) -> None:
    path = tmp_path / "state.db"
    open_at(path).close()
    subprocess.run([sys.executable, "-c", NEWER, str(path), str(VERSION + 1), ended], check=ended == "in order")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(AssistantError) as refused:
        open_at(path)
    assert refused.value.code is Code.STORE_NEWER
    assert refused.value.exit_status == 5
    for words in (str(path), f"version {VERSION + 1}", f"up to {VERSION}", "install", "move the file away"):
        assert words in refused.value.message
    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    lock = "state.db-shm"  # SQLite's locks, which it makes anew where they are missing
    assert {**after, lock: b""} == {**before, lock: b""}


NEWER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.executescript(f"CREATE TABLE invention (words TEXT); PRAGMA user_version = {sys.argv[2]}")
if sys.argv[3] == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
connection.close()
"""


def test_the_service_manager_does_not_start_it_again_and_again_for_a_newer_file() -> None:
    for unit in ("systemd/assistant.service", "systemd/user/assistant.service"):
        line = next(line for line in Path(unit).read_text().splitlines() if line.startswith("RestartPreventExitStatus"))
        assert str(AssistantError(Code.STORE_NEWER, "").exit_status) in line.partition("=")[2].split()
