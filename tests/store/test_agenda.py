"""Timers and alarms are on the disk when their effect returns."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import anyio
import pytest

from assistant.agenda.agenda import MAX_ENTRIES, Agenda
from assistant.agenda.entry import Entry, Kind
from assistant.errors import AssistantError, Code
from assistant.store.store import open_store
from tests.store.opened import running

pytestmark = pytest.mark.anyio

DUE = datetime(2026, 3, 19, 7, tzinfo=UTC)
TIMER = Entry("t", Kind.TIMER, "local", DUE, "pasta", timedelta(minutes=8), left=timedelta(minutes=3))
ALARM = Entry("a", Kind.ALARM, "kitchen", DUE, wall=time(7, 30), weekdays=(0, 4), language="de")


def kept(path: Path) -> list[Entry]:
    store = open_store(path, history_hours=12)
    try:
        return store.agenda.load()
    finally:
        store.close()


async def test_what_was_set_is_there_in_another_process(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        agenda = Agenda(store.agenda)
        await agenda.put(TIMER)
        await agenda.put(ALARM)
        assert kept(path) == [TIMER, ALARM]
        await agenda.remove(["t"])
        assert kept(path) == [ALARM]


async def test_what_is_changed_keeps_its_place(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with running(path) as store:
        agenda = Agenda(store.agenda)
        await agenda.put(TIMER)
        await agenda.put(ALARM)
        await agenda.put(TIMER.resumed(DUE))
        assert [entry.id for entry in kept(path)] == ["t", "a"]
        assert Agenda(store.agenda).entries == agenda.entries


async def test_more_than_a_household_has_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path / "state.db") as store:
        agenda = Agenda(store.agenda)
        async with anyio.create_task_group() as tasks:
            for number in range(MAX_ENTRIES):
                tasks.start_soon(agenda.put, Entry(str(number), Kind.TIMER, "local", DUE))
        with pytest.raises(AssistantError) as refused:
            await agenda.put(TIMER)
        assert refused.value.code is Code.AGENDA_FULL
        assert len(agenda.entries) == MAX_ENTRIES


async def test_a_disk_that_refuses_changes_nothing() -> None:
    class Refusing:
        def load(self) -> list[Entry]:
            return [ALARM]

        async def keep(self, entry: Entry) -> None:
            raise AssistantError(Code.STATE_UNWRITABLE, "the disk is full")

        async def forget(self, ids: object) -> None:
            raise AssistantError(Code.STATE_UNWRITABLE, "the disk is full")

    agenda = Agenda(Refusing())
    for change in (agenda.put(TIMER), agenda.put(ALARM.extended(timedelta(hours=1), DUE)), agenda.remove(["a"])):
        with pytest.raises(AssistantError):
            await change
        assert agenda.entries == (ALARM,)
