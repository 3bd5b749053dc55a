"""Every page of the file damaged in turn: it is begun anew, at the start or later, and no word gets out."""

import io
import logging
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.events import Error, Event
from assistant.store.exchanges import Exchange
from assistant.store.rooms import LOCAL_ROOM
from assistant.store.store import open_store, store_in_memory
from tests.store.opened import NOON, RAIN, SetClock, mentions, open_at, running

pytestmark = pytest.mark.anyio

PAGE = 4096
Damage = Callable[[bytearray, random.Random], None]
SECRET = "grapefruit"


def zeroes(page: bytearray, chance: random.Random) -> None:
    page[:] = bytes(PAGE)


def noise(page: bytearray, chance: random.Random) -> None:
    page[:] = chance.randbytes(PAGE)


def flipped_bits(page: bytearray, chance: random.Random) -> None:
    for _ in range(40):
        page[chance.randrange(PAGE)] ^= 1 << chance.randrange(8)


def damaged_head(page: bytearray, chance: random.Random) -> None:
    for _ in range(4):
        page[chance.randrange(16)] = chance.randrange(256)


def hole(page: bytearray, chance: random.Random) -> None:
    page[2000:2100] = b"\xff" * 100


DAMAGES: tuple[Damage, ...] = (zeroes, noise, flipped_bits, damaged_head, hole)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of at least 128 pages."""
    path = tmp_path_factory.mktemp("whole") / "state.db"
    with closing(open_at(path)) as store:
        for number in range(480):
            room = LOCAL_ROOM if number % 3 else "kitchen"
            store.exchanges.add(room, Exchange(f"{SECRET} " * 60, f"No {SECRET} {number}. " * 20))
        for number in range(60):
            store.settings.set(f"room {number}", "volume", 0.4)
    assert path.stat().st_size >= 128 * PAGE
    return path.read_bytes()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


def test_with_any_page_damaged_it_starts_and_keeps_what_is_said_next(
    tmp_path: Path, content: bytes, log: io.StringIO
) -> None:
    chance = random.Random(1)
    path = tmp_path / "state.db"
    for start in range(0, len(content), PAGE):
        page = bytearray(content[start : start + PAGE])
        chance.choice(DAMAGES)(page, chance)
        path.write_bytes(content[:start] + page + content[start + PAGE :])
        used(path)
    assert SECRET not in log.getvalue()


def test_a_message_of_sqlite_that_is_no_text_is_damage_like_any_other(
    tmp_path: Path, content: bytes, log: io.StringIO
) -> None:
    """It quotes what it cannot read of a table's definition."""
    path = tmp_path / "state.db"
    for place in (7, 13, 14, 20):
        at = content.index(b"CREATE TABLE exchange") + place
        path.write_bytes(content[:at] + b"\xa7" + content[at + 1 :])
        used(path)
    assert SECRET not in log.getvalue()


def used(path: Path) -> None:
    """Open the file, read all of it and write; what was written is there when it is opened again."""
    with closing(open_at(path)) as store:
        for room in (LOCAL_ROOM, "kitchen"):
            assert all(isinstance(exchange.said, str) for exchange in store.exchanges.recent(room))
        for number in range(60):
            store.settings.get(f"room {number}", "volume", float)
        store.exchanges.add("attic", NOON)
    with closing(open_at(path)) as store:
        assert store.exchanges.recent("attic") == [NOON]


async def test_a_file_that_is_damaged_while_it_is_in_use_is_begun_anew_and_the_room_hears_of_it(
    tmp_path: Path, content: bytes, log: io.StringIO
) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    told: list[Event] = []
    async with running(path, emit=told.append) as store:
        await store.written()
        path.write_bytes(random.Random(2).randbytes(len(content)))
        for _ in range(3):
            store.exchanges.recent(LOCAL_ROOM)
            store.exchanges.add(LOCAL_ROOM, NOON)
            await store.written()
        assert store.exchanges.recent(LOCAL_ROOM)[-1] == NOON
    assert path.with_suffix(".damaged").exists()
    errors = [event for event in told if isinstance(event, Error)]
    assert [error.code for error in errors] == [Code.STATE_UNREADABLE]
    assert SECRET not in log.getvalue() + repr(errors)


async def test_what_is_cleared_is_gone_also_where_the_file_turns_out_to_be_damaged(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(content)
    async with running(path) as store:
        await store.written()
        damaged = bytearray(content)
        for start in range(20 * PAGE, len(content), 3 * PAGE):
            damaged[start : start + 16] = b"\xff" * 16
        path.write_bytes(damaged)
        store.exchanges.clear(None)
        await store.written()
        assert not mentions(tmp_path, SECRET.encode())


def test_a_microphone_that_was_switched_off_stays_off_where_that_can_still_be_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "state.db"
    with closing(open_at(path)) as store:
        store.settings.set(LOCAL_ROOM, "muted", True)
        for _ in range(100):
            store.exchanges.add(LOCAL_ROOM, Exchange("no" * 500, "yes"))
    whole = path.read_bytes()
    path.write_bytes(whole[: -8 * PAGE] + b"\xff" * (8 * PAGE))
    with closing(open_at(path)) as store:
        assert store.exchanges.recent(LOCAL_ROOM) == []
        assert store.settings.get(LOCAL_ROOM, "muted", bool) is True


def test_a_file_whose_tables_are_not_those_of_its_version_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    open_at(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE exchange")
        connection.commit()
    with closing(open_at(path)) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
    assert path.with_suffix(".damaged").exists()


def test_where_nothing_can_be_written_it_is_kept_in_memory_with_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(open_at(path)) as store:
        store.settings.set(LOCAL_ROOM, "muted", True)
        store.exchanges.add(LOCAL_ROOM, NOON)
    before = path.read_bytes()
    memory = store_in_memory(path, history_hours=12, trouble="the disk is full", clock=SetClock())
    with closing(memory):
        assert memory.trouble == "the disk is full"
        assert memory.settings.get(LOCAL_ROOM, "muted", bool) is True
        memory.exchanges.add(LOCAL_ROOM, RAIN)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["state.db"]


@pytest.mark.parametrize("content", [None, b"", b"not a database" * 500])
def test_in_memory_it_begins_with_nothing_where_nothing_can_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "state.db"
    if content is not None:
        path.write_bytes(content)
    with closing(store_in_memory(path, history_hours=12, trouble="read-only", clock=SetClock())) as store:
        assert store.exchanges.recent(LOCAL_ROOM) == []


def test_a_place_that_is_no_file_is_an_error_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "state.db").mkdir()
    with pytest.raises(AssistantError) as refused:
        open_store(tmp_path / "state.db", history_hours=12)
    assert refused.value.code is Code.STATE_UNWRITABLE
