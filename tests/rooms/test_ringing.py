"""What is due rings, at its time by the right clock, until somebody answers, also after the process has ended."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import anyio
import msgspec
import pytest

from assistant.agenda.agenda import Agenda
from assistant.agenda.entry import Entry, Kind
from assistant.answers.acts import Acts
from assistant.answers.base import Question
from assistant.answers.history import History
from assistant.answers.skills.every import SKILLS
from assistant.answers.skills.house import House
from assistant.answers.skills.responder import SkillsResponder, warm
from assistant.answers.text import committed
from assistant.audio.earcons import Tone
from assistant.bus import Bus
from assistant.errors import AssistantError, Code
from assistant.events import Announced, Event, Listening, Rang
from assistant.rooms.ringing import PATIENCE_S, Ringer
from assistant.testing.clock import JumpingLoop
from tests.telemetry.test_metrics import TURN

pytestmark = pytest.mark.anyio

BERLIN = ZoneInfo("Europe/Berlin")
EVENING = datetime(2026, 3, 18, 21, 10, tzinfo=BERLIN)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {"loop_factory": JumpingLoop}


class Clock:
    """The clock on the wall, which can be set, and the one since boot, which cannot; both go with the loop."""

    def __init__(self, now: datetime = EVENING) -> None:
        self._start = now
        self._began = anyio.current_time()
        self.set_by = timedelta()
        self.zone: tzinfo | None = now.tzinfo

    def now(self) -> datetime:
        passed = timedelta(seconds=anyio.current_time() - self._began)
        return (self._start.astimezone(UTC) + passed + self.set_by).astimezone(self.zone)

    def since_boot(self) -> float:
        return anyio.current_time()


class Disk:
    """A keeper: what is on it outlives the household."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = {entry.id: entry for entry in entries}

    def load(self) -> list[Entry]:
        return list(self.entries.values())

    async def keep(self, entry: Entry) -> None:
        self.entries[entry.id] = entry

    async def forget(self, ids: Iterable[str]) -> None:
        for id in ids:
            del self.entries[id]


class Place:
    """A room that is rung in: each round takes two seconds."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = "listening"
        self.rung: list[tuple[Tone, float, str]] = []
        self.said: list[str] = []
        self.is_answered = False
        """Whether somebody says something to the next round."""

    async def ring(self, tone: Tone, peak: float, text: str) -> Announced:
        self.rung.append((tone, peak, text))
        await anyio.sleep(2)
        return Announced(heard=text, end="interrupted" if self.is_answered else "answered")

    async def say(self, text: str) -> Announced:
        self.said.append(text)
        return Announced(heard=text, end="answered")


class Places:
    """The rooms."""

    def __init__(self) -> None:
        self.local = Place("local")

    def get(self, name: str = "") -> Place:
        if name not in {"", "local"}:
            raise AssistantError(Code.ROOM_UNKNOWN, "it is gone")
        return self.local


class Household:
    """A room in which things ring."""

    def __init__(self, house: House, clock: Clock, places: Places, bus: Bus) -> None:
        self.house = house
        self.clock = clock
        self.room = places.local
        self.bus = bus
        self.rang: list[Rang] = []
        self._responder = SkillsResponder(SKILLS, house, window_s=60)

    def take(self, event: Event) -> None:
        if isinstance(event, Rang):
            self.rang.append(event)

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.room.rung]

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.rang]

    async def set(self, seconds: float, **fields: Any) -> Entry:
        length = timedelta(seconds=seconds)
        timer = Entry(f"{seconds}{fields}", Kind.TIMER, "local", self.clock.now() + length, length=length)
        timer = replace(timer, **fields)
        await self.house.agenda.put(timer)
        return timer

    async def ask(self, text: str) -> str | None:
        """Ask in the room; what is answered once it is done, None where no skill answers."""
        answer = await self._responder.answer(Question(text, "local", History(), language="en"))
        if answer is None:
            return None
        acts = Acts()
        async with aclosing(committed(answer, acts)) as pieces:
            return "".join([piece async for piece in pieces])


@asynccontextmanager
async def household(disk: Disk | None = None) -> AsyncIterator[Household]:
    clock, places, bus = Clock(), Places(), Bus()
    house = House(Agenda(disk or Disk()), now=clock.now)
    ringer = Ringer(house, places, bus, since_boot=clock.since_boot)
    home = Household(house, clock, places, bus)
    warm(SKILLS, "en")
    with bus.subscribe(home.take):
        async with anyio.create_task_group() as tasks:
            await tasks.start(ringer.run)
            yield home
            tasks.cancel_scope.cancel()


async def test_a_timer_rings_within_a_fifth_of_a_second_of_its_time_and_says_which_it_is() -> None:
    async with household() as home:
        timer = await home.set(600, name="pasta")
        await anyio.sleep(599.5)
        assert home.states == []
        await anyio.sleep(1)
        (rang,) = home.rang
        assert (rang.id, rang.kind, rang.state, rang.room) == (timer.id, "timer", "ringing", "local")
        assert 0 <= rang.late_s < 0.2
        assert home.texts == ["Your pasta timer is up."]


async def test_it_rings_again_and_again_and_louder_until_nobody_has_answered_for_long() -> None:
    async with household() as home:
        await home.set(60)
        await anyio.sleep(60 + PATIENCE_S[Kind.TIMER] + 10)
        assert home.states == ["ringing", "over"]
        peaks = [peak for _, peak, _ in home.room.rung]
        assert len(peaks) > 10
        assert peaks == sorted(peaks)
        assert peaks[-1] > 3 * peaks[0]
        assert home.house.agenda.entries == ()


async def test_stop_ends_it() -> None:
    async with household() as home:
        await home.set(60)
        home.room.is_answered = True  # "stop" is no turn of its own
        await anyio.sleep(65)
        assert home.states == ["ringing", "stopped"]
        assert home.house.agenda.entries == ()


async def test_a_question_over_it_is_answered_and_then_it_goes_on() -> None:
    async with household() as home:
        await home.set(60)
        home.room.is_answered, home.room.state = True, "hearing"
        await anyio.sleep(64)
        home.room.is_answered = False
        home.bus.emit(msgspec.structs.replace(TURN, room="local"))
        home.room.state = "listening"
        home.bus.emit(Listening(room="local"))
        await anyio.sleep(10)
        assert home.states == ["ringing"]
        assert len(home.room.rung) > 1


async def test_okay_ends_it_where_it_is_typed() -> None:
    async with household() as home:
        await home.set(60)
        await anyio.sleep(61)
        assert await home.ask("okay") is not None
        await anyio.sleep(1)
        assert home.states == ["ringing", "stopped"]
        assert await home.ask("what was that") is not None


async def test_snoozed_it_rings_again_nine_minutes_later() -> None:
    async with household() as home:
        await home.set(60)
        await anyio.sleep(61)
        assert "9 minutes" in (await home.ask("snooze") or "")
        await anyio.sleep(1)
        (again,) = home.house.agenda.entries
        assert timedelta(minutes=8.9) < again.due - home.clock.now() <= timedelta(minutes=9)
        await anyio.sleep(9 * 60)
        assert home.states == ["ringing", "snoozed", "ringing"]


async def test_nothing_is_snoozed_while_nothing_rings() -> None:
    async with household() as home:
        assert await home.ask("snooze") is None
        assert home.house.agenda.entries == ()


@pytest.mark.parametrize("by", [timedelta(hours=-3), timedelta(hours=1)])
async def test_a_timer_takes_as_long_as_it_does_although_the_clock_is_set(by: timedelta) -> None:
    async with household() as home:
        await home.set(600)
        await anyio.sleep(300)
        home.clock.set_by = by
        await anyio.sleep(299)
        assert home.states == []
        await anyio.sleep(2)
        assert home.states == ["ringing"]


async def test_an_alarm_rings_by_the_clock_on_the_wall_when_it_is_set() -> None:
    async with household() as home:
        await home.set(3600, kind=Kind.ALARM, length=None)
        home.clock.set_by = timedelta(minutes=59)
        await anyio.sleep(61)
        assert home.states == ["ringing"]


async def test_an_alarm_at_seven_is_at_seven_in_another_time_zone() -> None:
    async with household() as home:
        seven = datetime(2026, 3, 19, 7, tzinfo=BERLIN)
        await home.set(0, kind=Kind.ALARM, length=None, due=seven, wall=time(7))
        home.clock.zone = ZoneInfo("America/New_York")
        await anyio.sleep(5)
        (entry,) = home.house.agenda.entries
        assert entry.due == datetime(2026, 3, 19, 7, tzinfo=ZoneInfo("America/New_York"))


async def test_what_recurs_is_set_to_its_next_time() -> None:
    async with household() as home:
        soon = EVENING + timedelta(minutes=5)
        await home.set(0, kind=Kind.ALARM, length=None, due=soon, wall=soon.time(), weekdays=(0, 1, 2, 3, 4))
        await anyio.sleep(5 * 60 + PATIENCE_S[Kind.ALARM] + 10)
        assert home.states == ["ringing", "over"]
        (entry,) = home.house.agenda.entries
        assert entry.due == soon + timedelta(days=1)


async def test_a_process_that_dies_while_it_rings_rings_again() -> None:
    disk = Disk()
    async with household(disk) as home:
        await home.set(60)
        await anyio.sleep(61)
        assert home.states == ["ringing"]
    assert len(disk.entries) == 1
    (entry,) = disk.entries.values()
    disk.entries = {entry.id: Entry(entry.id, Kind.TIMER, "local", EVENING - timedelta(seconds=20))}
    async with household(disk) as home:
        await anyio.sleep(1)
        assert home.states == ["ringing"]


async def test_what_was_due_while_nothing_ran_is_told_once() -> None:
    disk = Disk([Entry("a", Kind.ALARM, "local", EVENING - timedelta(hours=2), name="bins")])
    async with household(disk) as home:
        await anyio.sleep(60)
        assert home.states == []
        (told,) = home.room.said
        assert "bins" in told
        assert "7:10 PM" in told
    assert disk.entries == {}


async def test_what_was_set_in_a_room_that_is_gone_rings_in_the_device_s_own() -> None:
    async with household() as home:
        await home.set(60, room="kitchen")
        await anyio.sleep(61)
        assert [event.room for event in home.rang] == ["local"]


async def test_two_at_once_are_told_apart() -> None:
    async with household() as home:
        await home.set(60, name="pasta")
        await home.set(60, name="tea")
        await anyio.sleep(62)
        assert set(home.texts) == {"Your pasta timer is up.", "Your tea timer is up."}
