"""The bell: what is due rings in its room until somebody answers, or nobody does for long enough.

An entry stays on the disk until its ringing has ended, so a process that dies while it rings, or a moment before, rings
again when it is back. What was due while nothing ran is told once.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import anyio
from anyio.abc import TaskGroup, TaskStatus

from assistant import blocking
from assistant.agenda.agenda import Agenda
from assistant.agenda.entry import Entry, Kind, later, settled
from assistant.answers.skills.house import House
from assistant.answers.skills.speech import speech_of
from assistant.audio.earcons import Tone
from assistant.blocking import StopFlag
from assistant.bus import Bus
from assistant.errors import AssistantError, Code
from assistant.events import Announced, Error, Event, Rang, TurnFinished
from assistant.flow import Signal

LATE = timedelta(seconds=60)
"""What is so much later than its time was due while nothing ran: it is told, not rung."""

MAX_SLEEP_S = 0.5
"""Seconds between two looks at the clock while something is set: so long a step of the clock, or the end of a suspend,
goes unnoticed."""

STEP = timedelta(seconds=1)
"""A difference between the clock on the wall and the one that only counts, from which the first was set."""

ROUND_S = 4.0
"""From the end of a melody and its sentence to the next."""

PEAKS = (0.1, 0.15, 0.22, 0.33, 0.5)
"""Of full scale, in rounds: 3.5 dB louder each time. A voice has 0.3 to 0.9."""

PATIENCE_S = {Kind.TIMER: 90.0, Kind.ALARM: 600.0, Kind.REMINDER: 45.0}
"""Seconds for which it rings unanswered."""

REMEMBERED_S = 60.0
"""Seconds for which what has rung can still be snoozed, or asked about."""

QUIET = ("listening", "asleep", "muted", "deaf")
"""States of a room in which nobody speaks."""

Boot = Callable[[], float]
"""A clock that nobody sets and that goes on while the machine is suspended, in seconds."""


def since_boot() -> float:
    """Seconds since the machine was started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Place(Protocol):
    """A room, as far as something rings in it."""

    name: str

    @property
    def state(self) -> str:
        """As `Room.state`."""

    async def ring(self, tone: Tone, peak: float, text: str) -> Announced:
        """As `Room.ring`."""

    async def say(self, text: str) -> Announced:
        """As `Room.say`."""


class Places(Protocol):
    """The rooms by name."""

    def get(self, name: str = "") -> Place:
        """As `Rooms.get`."""


@dataclass
class _Ringing:
    """An entry that rings."""

    entry: Entry
    began: float
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    state: str = "ringing"


class Ringer:
    """Rings what is due of `house`, in `rooms`; `bus` tells who has answered. It is the house's bell."""

    def __init__(self, house: House, rooms: Places, bus: Bus, *, since_boot: Boot = since_boot) -> None:
        self._house = house
        self._rooms = rooms
        self._bus = bus
        self._since_boot = since_boot
        self._ringing: dict[str, _Ringing] = {}
        self._rung: list[tuple[float, Entry]] = []
        """What has ended to ring, and when."""
        self._counted: dict[str, tuple[datetime, float]] = {}
        """By timer when it is due by the clock on the wall, and by the one that nobody sets."""
        self._heard = Signal()
        """Notified at each event: a room may be in another state."""
        self._answers: dict[str, int] = {}
        """By room how many turns were answered."""
        house.bell = self

    @property
    def _agenda(self) -> Agenda:
        return self._house.agenda

    def ringing(self, room: str) -> tuple[Entry, ...]:
        """As `Bell.ringing`."""
        recent = [entry for at, entry in self._rung if anyio.current_time() - at < REMEMBERED_S]
        found = [*(each.entry for each in reversed(self._ringing.values())), *reversed(recent)]
        return tuple(entry for entry in found if self._room(entry).name == room)

    def hush(self, ids: Iterable[str], state: str = "stopped") -> None:
        """As `Bell.hush`."""
        for id in ids:
            if id in self._ringing:
                self._ringing[id].state = state
                self._ringing[id].scope.cancel()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Ring until it is cancelled."""
        with self._bus.subscribe(self._take):
            async with anyio.create_task_group() as tasks:
                await self._learn(entry.language for entry in self._agenda.entries)
                task_status.started()
                self._tell_missed(tasks)
                while True:
                    await self._set_right()
                    self._ring_due(tasks)
                    with anyio.move_on_after(self._pause_s()):
                        await self._agenda.changed.wait()

    async def _learn(self, languages: Iterable[str]) -> None:
        """Read the words of `languages`, which takes a second, before they are to be said."""
        for language in {"en", *languages}:
            await blocking.call(partial(_read, language), name="sentences")

    def _take(self, event: Event) -> None:
        self._heard.notify()
        if isinstance(event, TurnFinished) and event.end == "answered":
            self._answers[event.room] = self._answers.get(event.room, 0) + 1

    def _pause_s(self) -> float | None:
        """Seconds until something is due, or may be; None while nothing is set."""
        now = self._house.now()
        waiting = [entry for entry in self._agenda.entries if self._waits(entry)]
        if not waiting:
            return None
        return min(MAX_SLEEP_S, *((entry.due - now).total_seconds() for entry in waiting), MAX_SLEEP_S)

    def _waits(self, entry: Entry) -> bool:
        return not entry.is_paused and entry.id not in self._ringing

    async def _set_right(self) -> None:
        """Move what the clock on the wall, which was set or shows another zone, has moved."""
        now, counted = self._house.now(), self._since_boot()
        for entry in self._agenda.entries:
            if not self._waits(entry):
                self._counted.pop(entry.id, None)
            elif entry.kind is Kind.TIMER:
                await self._set_timer_right(entry, now, counted)
            elif (right := settled(entry, now)) != entry:
                await self._keep(right)

    async def _set_timer_right(self, entry: Entry, now: datetime, counted: float) -> None:
        due, due_counted = self._counted.get(entry.id, (None, 0.0))
        if due != entry.due:
            self._counted[entry.id] = entry.due, counted + (entry.due - now).total_seconds()
            return
        true = later(now, timedelta(seconds=due_counted - counted))
        if abs(true - entry.due) > STEP:
            self._counted[entry.id] = true, due_counted
            await self._keep(replace(entry, due=true))

    async def _keep(self, entry: Entry) -> None:
        try:
            await self._agenda.put(entry)
        except AssistantError as error:
            self._bus.emit(Error(code=error.code, message=error.message))

    def _ring_due(self, tasks: TaskGroup) -> None:
        now = self._house.now()
        for entry in self._agenda.entries:
            if self._waits(entry) and entry.due <= now:
                ringing = self._ringing[entry.id] = _Ringing(entry, anyio.current_time())
                late_s = round((now - entry.due).total_seconds(), 3)
                self._emit(ringing, late_s)
                tasks.start_soon(self._ring, ringing)

    async def _ring(self, ringing: _Ringing) -> None:
        try:
            with ringing.scope:
                await self._rounds(ringing)
                if ringing.state == "ringing":
                    ringing.state = "over"
        finally:
            del self._ringing[ringing.entry.id]
        self._rung = [*self._rung[-7:], (anyio.current_time(), ringing.entry)]
        self._emit(ringing, 0.0)
        await self._end(ringing.entry)

    async def _rounds(self, ringing: _Ringing) -> None:
        """Ring until it is stopped by voice, or nobody has answered for long enough."""
        entry, number = ringing.entry, 0
        while anyio.current_time() - ringing.began < PATIENCE_S[entry.kind]:
            room = self._room(entry)
            answered = self._answers.get(room.name, 0)
            peak = PEAKS[min(number, len(PEAKS) - 1)]
            if not await self._round(room, entry, peak) and not await self._was_about_something_else(room, answered):
                ringing.state = "stopped"
                return
            number += 1
            await anyio.sleep(ROUND_S)

    async def _round(self, room: Place, entry: Entry, peak: float) -> bool:
        """Ring once; whether nobody has said anything to it. A room that cannot be heard is an event, and tried again:
        its loudspeaker may come back."""
        try:
            announced = await room.ring(Tone(entry.kind.value), peak, self._text(entry))
        except AssistantError as error:
            if error.code is not Code.ROOM_SILENT:  # without a loudspeaker, it is for who follows the events
                self._bus.emit(Error(code=error.code, message=error.message, room=room.name))
            return True
        return announced.end == "answered"

    async def _was_about_something_else(self, room: Place, answered: int) -> bool:
        """Whether what somebody said over it was a question, once that is answered: it goes on then."""
        while room.state not in QUIET:
            await self._heard.wait()
        return self._answers.get(room.name, 0) > answered

    async def _end(self, entry: Entry) -> None:
        """Take what has rung off the agenda, or on to its next time, unless somebody has changed it since."""
        if self._agenda.get(entry.id) != entry:
            return
        following = entry.after(self._house.now())
        try:
            if following is None:
                await self._agenda.remove([entry.id])
            else:
                await self._agenda.put(following)
        except AssistantError as error:
            self._bus.emit(Error(code=error.code, message=error.message))

    def _tell_missed(self, tasks: TaskGroup) -> None:
        """Tell what was due while nothing ran."""
        now = self._house.now()
        missed = [entry for entry in self._agenda.entries if self._waits(entry) and now - entry.due > LATE]
        for entry in missed:
            self._ringing[entry.id] = _Ringing(entry, anyio.current_time())
        for room in {self._room(entry) for entry in missed}:
            tasks.start_soon(self._tell, room, [entry for entry in missed if self._room(entry) is room])

    async def _tell(self, room: Place, missed: list[Entry]) -> None:
        """Tell what of `room` was missed; then it is forgotten, or moved on."""
        try:
            await room.say(" ".join(self._text(entry, missed_at=entry.due) for entry in missed))
        except AssistantError as error:
            self._bus.emit(Error(code=error.code, message=error.message, room=room.name))
        for entry in missed:
            del self._ringing[entry.id]
            await self._end(entry)

    def _room(self, entry: Entry) -> Place:
        """Where it rings: where it was set, if that is still there."""
        try:
            return self._rooms.get(entry.room)
        except AssistantError:
            return self._rooms.get()

    def _text(self, entry: Entry, missed_at: datetime | None = None) -> str:
        """What is said of it, in the language in which it was set."""
        speech = speech_of(entry.language) or speech_of("en")
        assert speech is not None
        now = self._house.now()
        named = "named_" if entry.name else ""
        when = speech.moment(missed_at or entry.due, now)
        what = f"missed_{named}{entry.kind}" if missed_at is not None else f"{named}{entry.kind}"
        length = speech.duration(entry.length) if entry.length is not None else ""
        return speech.say("ringing", what, name=entry.name, when=when, time=speech.time(now), length=length)

    def _emit(self, ringing: _Ringing, late_s: float) -> None:
        entry = ringing.entry
        room = self._room(entry).name
        self._bus.emit(Rang(id=entry.id, kind=entry.kind.value, state=ringing.state, late_s=late_s, room=room))


def _read(language: str, stop: StopFlag) -> None:
    """Read the words of `language`; they are kept."""
    speech_of(language)
