"""Words that were forgotten are in no file, whoever reads it and whenever the process is killed."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.store.exchanges import Exchange
from assistant.store.rooms import LOCAL_ROOM
from tests.store.opened import NOON, RAIN, SetClock, exchanges_at, holding_a_snapshot, mentions, open_at, running

pytestmark = pytest.mark.anyio

KITCHEN = "kitchen"


@contextmanager
def process(program: str, path: Path, until: str) -> Iterator[subprocess.Popen[str]]:
    """Run `program` with `path`, which has said `until`, and goes on until its input ends."""
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == f"{until}\n"
        yield running


async def test_with_other_programs_reading_they_are_gone_and_what_is_left_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        with ExitStack() as readers:
            for said in ("noon once", "noon twice"):
                store.exchanges.add(LOCAL_ROOM, Exchange(said, "yes"))
                store.exchanges.add(KITCHEN, RAIN)
                await store.written()
                readers.enter_context(holding_a_snapshot(path))
            store.exchanges.clear(LOCAL_ROOM)
            await store.written()
            assert not mentions(tmp_path, b"noon")
            assert store.exchanges.recent(KITCHEN) == [RAIN, RAIN]
        store.exchanges.add(KITCHEN, NOON)
        await store.written()
        with closing(sqlite3.connect(path)) as other:
            assert other.execute("SELECT said FROM exchange").fetchall()[-1] == (NOON.said,)
    assert exchanges_at(path, KITCHEN) == [RAIN, RAIN, NOON]


async def test_a_reader_in_another_process_that_ends_later_takes_nothing_new_with_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        with process(READER, path, "reading") as reader:
            store.exchanges.clear(None)
            await store.written()
            assert not mentions(tmp_path, b"noon")
            store.exchanges.add(LOCAL_ROOM, RAIN)
            await store.written()
            reader.communicate("end")
        store.exchanges.add(LOCAL_ROOM, RAIN)
        await store.written()
        copied = tmp_path / "copy"
        copied.mkdir()
        for name in ("state.db", "state.db-wal"):
            (copied / name).write_bytes((tmp_path / name).read_bytes())  # what a kill would leave
    assert exchanges_at(copied / "state.db") == [RAIN, RAIN]


READER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN")
connection.execute("SELECT * FROM exchange").fetchall()
print("reading", flush=True)
sys.stdin.read()
connection.close()
"""


async def test_expiry_needs_nothing_to_be_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    waits: list[float] = []
    passed = anyio.Event()

    async def until_set(seconds: float) -> None:
        waits.append(seconds)
        await passed.wait()

    monkeypatch.setattr("assistant.store.store.anyio.sleep", until_set)
    async with running(tmp_path / "state.db", hours=1, clock=clock) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        with holding_a_snapshot(tmp_path / "state.db"):
            clock.now += 3601
            passed.set()
            while mentions(tmp_path, b"noon"):
                await anyio.lowlevel.checkpoint()
    assert max(waits) <= 60


async def test_what_a_kill_left_in_the_log_is_gone_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with process(KILLED, path, "deleted") as killed:
        killed.send_signal(signal.SIGKILL)
    assert mentions(tmp_path, b"noon")
    async with running(path) as store:
        store.exchanges.add(LOCAL_ROOM, RAIN)
        await store.written()
        assert not mentions(tmp_path, b"noon")


KILLED = """
import sys
from pathlib import Path
from assistant.store.file import StateFile

state = StateFile(Path(sys.argv[1]))
state.commit([lambda connection: bool(connection.execute(
    "INSERT INTO exchange (room, at, said, heard) VALUES ('local', 1, 'what time is it', 'It is noon.')").rowcount)])
state.commit([lambda connection: bool(connection.execute("DELETE FROM exchange").rowcount)])
print("deleted", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("point", range(1, 12))
def test_a_kill_while_the_file_is_exchanged_loses_nothing_that_is_kept(tmp_path: Path, point: int) -> None:
    """The process ends before the call number `point` of those that change a file's name or its content."""
    path = tmp_path / "state.db"
    with holding_a_snapshot(prepared(path)):
        ended = subprocess.run([sys.executable, "-c", EXCHANGED, str(path), str(point)], check=False)
    assert ended.returncode in (0, -signal.SIGKILL)
    with closing(open_at(path)) as store:
        assert store.exchanges.recent(KITCHEN) == [RAIN]
        assert not path.with_suffix(".damaged").exists()
    assert [file.name for file in tmp_path.iterdir() if file.name.endswith(("-new", "-next"))] == []


def prepared(path: Path) -> Path:
    """A file with words to be forgotten, and others that are not."""
    with closing(open_at(path)) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        store.exchanges.add(KITCHEN, RAIN)
    return path


EXCHANGED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from assistant.store.store import open_store

left = int(sys.argv[2])

def killing(call):
    def count(*arguments, **keywords):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **keywords)
    return count

for holder, name in ((os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "open")):
    setattr(holder, name, killing(getattr(holder, name)))
with closing(open_store(Path(sys.argv[1]), history_hours=12, clock=lambda: 1_000_000.0)) as store:
    store.exchanges.clear("local")
"""


async def test_a_damaged_file_that_was_put_aside_is_forgotten_with_what_is_cleared(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"it is noon" * 500)
    async with running(path) as store:
        assert mentions(tmp_path, b"noon")
        store.exchanges.clear(KITCHEN)
        await store.written()
        assert not mentions(tmp_path, b"noon")


def test_a_damaged_file_that_was_put_aside_expires(tmp_path: Path) -> None:
    path, clock = tmp_path / "state.db", SetClock()
    path.write_bytes(b"it is noon" * 500)
    os.utime(path, (clock.now, clock.now))
    open_at(path, hours=1, clock=clock).close()
    assert mentions(tmp_path, b"noon")
    clock.now += 3601
    open_at(path, hours=1, clock=clock).close()
    assert not mentions(tmp_path, b"noon")


@pytest.mark.parametrize("damage", [b"it is noon" * 500, None])
def test_with_no_hours_nothing_stays_of_what_an_earlier_configuration_kept(
    tmp_path: Path, damage: bytes | None
) -> None:
    path, clock = tmp_path / "state.db", SetClock()
    with closing(open_at(path, clock=clock)) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
    if damage is not None:
        path.write_bytes(damage)
    clock.now += 1
    open_at(path, hours=0, clock=clock).close()
    assert not mentions(tmp_path, b"noon")


@settings(max_examples=15, deadline=None)
@given(ahead_s=st.floats(0.001, 1e12))
def test_what_is_dated_in_the_future_expires_as_if_it_were_said_now(
    tmp_path_factory: pytest.TempPathFactory, ahead_s: float
) -> None:
    folder = tmp_path_factory.mktemp("future")
    path, clock = folder / "state.db", SetClock()
    with closing(open_at(path, hours=1, clock=SetClock(clock.now + ahead_s))) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
    for later_s, kept in ((0.0, [NOON]), (3601.0, [])):
        with closing(open_at(path, hours=1, clock=SetClock(clock.now + later_s))) as store:
            assert store.exchanges.recent(LOCAL_ROOM) == kept
    assert not mentions(folder, b"noon")


LENGTHS = st.lists(st.tuples(st.sampled_from((LOCAL_ROOM, KITCHEN)), st.integers(0, 3000)), min_size=1, max_size=60)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(said=LENGTHS, reading=st.booleans())
def test_whatever_was_said_no_byte_of_a_cleared_room_is_left(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, int]], reading: bool
) -> None:
    folder = tmp_path_factory.mktemp("said")
    path = folder / "state.db"
    with closing(open_at(path)) as store:
        for room, length in said:
            store.exchanges.add(room, Exchange(f"{room}-said" * (1 + length // 20), "yes"))
    with closing(open_at(path)) as store:
        store.exchanges.clear(LOCAL_ROOM)
    assert not mentions(folder, b"local-said")
    assert len(exchanges_at(path, KITCHEN)) == sum(room == KITCHEN for room, _ in said)
