"""Lists, notes and facts are on the disk when their effect returns, and nowhere once they are forgotten."""

from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.store.lists import MAX_ITEMS, Item
from assistant.store.store import open_store
from tests.store.opened import mentions, running

pytestmark = pytest.mark.anyio

MILK, EGGS, PAINT = Item("shopping", "milk"), Item("shopping", "eggs"), Item("hardware", "grapefruit paint")


async def test_what_is_on_a_list_is_there_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        await store.lists.add([MILK, PAINT])
        await store.lists.add([EGGS])
        again = open_store(path, history_hours=12)
        assert again.lists.items == (MILK, PAINT, EGGS)
        assert again.lists.names == ("shopping", "hardware")
        assert again.lists.on("shopping") == ("milk", "eggs")
        again.close()


async def test_what_is_taken_off_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        await store.lists.add([MILK, PAINT])
        await store.lists.remove([PAINT, EGGS])
        assert store.lists.items == (MILK,)
        assert not mentions(tmp_path, b"grapefruit")


async def test_what_stands_twice_is_taken_off_once(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        await store.lists.add([MILK, MILK])
        await store.lists.remove([MILK])
        assert store.lists.on("shopping") == ("milk",)


async def test_more_than_fits_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        await store.lists.add([MILK] * MAX_ITEMS)
        with pytest.raises(AssistantError) as refused:
            await store.lists.add([EGGS])
        assert refused.value.code is Code.LISTS_FULL
        assert len(store.lists.items) == MAX_ITEMS


async def test_notes_are_kept_and_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        await store.notes.add("the plumber comes on Monday")
        await store.notes.add("grapefruit")
        again = open_store(path, history_hours=0)
        assert again.notes.texts == ("the plumber comes on Monday", "grapefruit")
        again.close()
        await store.notes.remove(("grapefruit",))
        assert store.notes.texts == ("the plumber comes on Monday",)
        assert not mentions(tmp_path, b"grapefruit")


async def test_a_fact_with_a_key_takes_the_place_of_the_one_before_it(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        await store.facts.add("name", "Grapefruit")
        await store.facts.add("", "the code is 4711")
        await store.facts.add("name", "Anna")
        assert store.facts.get("name") == "Anna"
        assert not mentions(tmp_path, b"Grapefruit")
        again = open_store(path, history_hours=0)
        assert again.facts.facts == (("", "the code is 4711"), ("name", "Anna"))
        again.close()
        await store.facts.remove(store.facts.facts)
        assert store.facts.facts == ()
        assert not mentions(tmp_path, b"4711")
