"""What was said, by room: kept for so long, for so many, and forgotten without a trace."""

from contextlib import closing
from pathlib import Path

import pytest

from assistant.store.exchanges import MAX_EXCHANGES, Exchange
from assistant.store.rooms import LOCAL_ROOM
from tests.store.opened import NOON, RAIN, SetClock, exchanges_at, mentions, open_at, running

pytestmark = pytest.mark.anyio

KITCHEN = "kitchen"


async def test_words_are_kept_for_so_long_and_no_longer(tmp_path: Path) -> None:
    path, clock = tmp_path / "state.db", SetClock()
    async with running(path, hours=1, clock=clock) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        assert store.exchanges.recent(LOCAL_ROOM) == [NOON]
        clock.now += 3601
        assert store.exchanges.recent(LOCAL_ROOM) == []
        store.exchanges.add(KITCHEN, RAIN)
        await store.written()
    assert b"noon" not in path.read_bytes()


async def test_no_words_are_written_where_none_are_wanted(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db", hours=0) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        await store.written()
        assert store.exchanges.recent(LOCAL_ROOM) == []
        assert not mentions(tmp_path, b"noon")


async def test_words_of_a_time_when_they_were_wanted_are_gone_once_they_are_not(tmp_path: Path) -> None:
    path, clock = tmp_path / "state.db", SetClock()
    async with running(path, clock=clock) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
    assert mentions(tmp_path, b"noon")
    clock.now += 1
    async with running(path, hours=0, clock=clock) as store:
        await store.written()
        assert not mentions(tmp_path, b"noon")


async def test_forgotten_words_are_nowhere_on_the_disk(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        store.exchanges.add(KITCHEN, RAIN)
        await store.written()
        assert mentions(tmp_path, b"noon")
        store.exchanges.clear(LOCAL_ROOM)
        await store.written()
        assert not mentions(tmp_path, b"noon")
        assert (store.exchanges.recent(LOCAL_ROOM), store.exchanges.recent(KITCHEN)) == ([], [RAIN])
        store.exchanges.clear(None)
        await store.written()
        assert not mentions(tmp_path, b"rain")


async def test_each_room_has_its_own_conversation(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        store.exchanges.add(LOCAL_ROOM, NOON)
        store.exchanges.add(KITCHEN, RAIN)
        store.exchanges.add(LOCAL_ROOM, RAIN)
    assert exchanges_at(path, LOCAL_ROOM) == [NOON, RAIN]
    assert exchanges_at(path, KITCHEN) == [RAIN]


async def test_only_so_many_are_kept_of_each_room(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(open_at(path)) as store:
        store.exchanges.add(KITCHEN, RAIN)
        for number in range(MAX_EXCHANGES + 5):
            store.exchanges.add(LOCAL_ROOM, Exchange(str(number), "yes"))
        store.exchanges.add(KITCHEN, NOON)
    kept = exchanges_at(path, LOCAL_ROOM)
    assert [exchange.said for exchange in kept] == [str(number) for number in range(5, MAX_EXCHANGES + 5)]
    assert exchanges_at(path, KITCHEN) == [RAIN, NOON]
