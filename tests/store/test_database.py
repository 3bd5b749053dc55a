"""What outlives the process: a real database on a real disk, and processes that are killed."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import pytest

from assistant.store.exchanges import Exchange
from assistant.errors import AssistantError, Code
from assistant.events import Error, Event
from assistant.store.database import MOST_EXCHANGES, State, default_path, open_state

pytestmark = pytest.mark.anyio

NOON = Exchange("what time is it", "It is noon.")
RAIN = Exchange("will it rain", "No.")


def reopened(path: Path, hours: float = 12.0) -> list[Exchange]:
    with closing(open_state(path, history_hours=hours)) as state:
        return state.exchanges()


def mentions(folder: Path, words: bytes) -> bool:
    """Whether any file in `folder` has these words."""
    return any(words in file.read_bytes() for file in folder.iterdir())


@asynccontextmanager
async def running(path: Path, hours: float = 12.0, emit: Callable[[Event], None] = print) -> AsyncIterator[State]:
    with anyio.fail_after(20), closing(open_state(path, history_hours=hours)) as state:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(state.run, emit)
            yield state
            tasks.cancel_scope.cancel()


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as state:
        state.set("volume", 0.4)
        state.add(NOON)
        state.add(RAIN)
        await state.written()
    with closing(open_state(tmp_path / "state.db", history_hours=12)) as state:
        assert state.get("volume", float) == 0.4
        assert state.get("volume", list[str]) is None
        assert state.get("nothing", float) is None
        assert state.exchanges() == [NOON, RAIN]


async def test_what_still_waits_is_written_at_the_end(tmp_path: Path) -> None:
    with closing(open_state(tmp_path / "state.db", history_hours=12)) as state:
        state.add(NOON)
    assert reopened(tmp_path / "state.db") == [NOON]


def test_nothing_that_was_acknowledged_is_lost_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    for kept in (5, 50):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(kept)][-1]
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert reopened(path)[-1].said >= acknowledged
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


WRITER = """
import sys
from itertools import count
from pathlib import Path
import anyio
from assistant.store.exchanges import Exchange
from assistant.store.database import open_state

async def main():
    state = open_state(Path(sys.argv[1]), history_hours=12)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(state.run, print)
        for number in count():
            state.add(Exchange(f"{number:06}", "yes"))
            await state.written()
            print(f"{number:06}", flush=True)

anyio.run(main)
"""


async def test_words_are_kept_for_so_long_and_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"
    async with running(path, hours=1) as state:
        monkeypatch.setattr("assistant.store.database.time.time", lambda: 10_000.0)
        state.add(NOON)
        monkeypatch.setattr("assistant.store.database.time.time", lambda: 10_000.0 + 3601)
        assert state.exchanges() == []
        state.add(RAIN)
        await state.written()
    assert b"noon" not in path.read_bytes()


async def test_no_words_are_written_where_none_are_wanted(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db", hours=0) as state:
        state.add(NOON)
        await state.written()
        assert state.exchanges() == []
    assert not mentions(tmp_path, b"noon")


async def test_forgotten_words_are_nowhere_on_the_disk(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as state:
        state.add(NOON)
        await state.written()
        state.clear()
        await state.written()
        assert not mentions(tmp_path, b"noon")


async def test_only_so_many_are_kept(tmp_path: Path) -> None:
    with closing(open_state(tmp_path / "state.db", history_hours=12)) as state:
        for number in range(MOST_EXCHANGES + 5):
            state.add(Exchange(str(number), "yes"))
    kept = reopened(tmp_path / "state.db")
    assert len(kept) == MOST_EXCHANGES
    assert kept[-1].said == str(MOST_EXCHANGES + 4)


async def test_a_disk_that_refuses_is_told_once_and_nothing_is_lost_when_it_takes_something_again(
    tmp_path: Path,
) -> None:
    told: list[Event] = []
    path = tmp_path / "state.db"
    async with running(path, emit=told.append) as state:
        pages = state._connection.execute("PRAGMA page_count").fetchone()[0]
        state._connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(3):
            state.add(Exchange(f"{number}" * 5000, "yes"))
            with pytest.raises(AssistantError) as error:
                await state.written()
            assert error.value.code is Code.STATE_UNWRITABLE
        assert [event.code for event in told if isinstance(event, Error)] == [Code.STATE_UNWRITABLE]
        state._connection.execute("PRAGMA max_page_count = 1000")
        state.add(NOON)
        await state.written()
    assert [exchange.said[:1] for exchange in reopened(path)] == ["0", "1", "2", "w"]


async def test_a_damaged_file_is_put_aside_and_a_new_one_begun(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 500)
    async with running(path) as state:
        state.add(NOON)
        await state.written()
    assert reopened(path) == [NOON]
    assert path.with_suffix(".damaged").read_bytes().startswith(b"not a database")


async def test_a_place_where_nothing_can_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AssistantError) as error:
        open_state(tmp_path / "file" / "state.db", history_hours=12)
    assert error.value.code is Code.STATE_UNWRITABLE
    assert str(tmp_path / "file") in error.value.message


async def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    with closing(open_state(tmp_path / "new" / "state.db", history_hours=12)) as state:
        state.add(NOON)
    assert stat.S_IMODE((tmp_path / "new" / "state.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_it_lies_where_the_service_manager_says_else_with_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", f"/var/lib/assistant{os.pathsep}/elsewhere")
    assert default_path() == Path("/var/lib/assistant/state.db")
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.setenv("XDG_STATE_HOME", "/home/me/.local/state")
    assert default_path() == Path("/home/me/.local/state/assistant/state.db")
