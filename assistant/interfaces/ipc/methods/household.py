"""What the household has set and written down: timers, alarms, reminders, lists."""

from typing import Annotated

from msgspec import Meta, Struct

from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc.access import Right
from assistant.interfaces.ipc.call import Call
from assistant.interfaces.ipc.method import Params, method


class TimersGet(Params, frozen=True):
    """Timers, alarms and reminders of all rooms, in the order in which they were set."""


class TimerResult(Struct, frozen=True):
    id: str
    kind: str
    """timer, alarm or reminder."""
    name: str
    """Of a timer or an alarm, where it has one; what a reminder says."""
    room: str
    due: str
    """Local time, ISO 8601."""
    seconds_left: float
    paused: bool
    weekdays: list[int]
    """When it recurs; 0 is Monday."""


class TimersGetResult(Struct, frozen=True):
    timers: list[TimerResult]


@method("timers.get", Right.READ, TimersGet, TimersGetResult)
async def timers_get(params: TimersGet, call: Call) -> TimersGetResult:
    house = call.host.rooms.shared.house
    now = house.now()
    return TimersGetResult(
        [
            TimerResult(
                id=entry.id,
                kind=entry.kind.value,
                name=entry.name,
                room=entry.room,
                due=entry.due.astimezone(now.tzinfo).isoformat(timespec="seconds"),
                seconds_left=round(entry.remaining(now).total_seconds(), 1),
                paused=entry.is_paused,
                weekdays=list(entry.weekdays),
            )
            for entry in house.agenda.entries
        ]
    )


class TimersCancel(Params, frozen=True):
    """Take a timer, alarm or reminder away; one that rings falls silent."""

    timer: Annotated[str, Meta(max_length=100, description="Its id, as timers.get has it; empty for all of them.")] = ""


class TimersCancelResult(Struct, frozen=True):
    cancelled: int


@method("timers.cancel", Right.CONTROL, TimersCancel, TimersCancelResult)
async def timers_cancel(params: TimersCancel, call: Call) -> TimersCancelResult:
    house = call.host.rooms.shared.house
    ids = [entry.id for entry in house.agenda.entries if params.timer in {"", entry.id}]
    if params.timer and not ids:
        raise AssistantError(Code.TIMER_UNKNOWN, f"there is no timer {params.timer!r}; `assistant timers` lists them")
    if house.bell is not None:
        house.bell.hush(ids)
    await house.agenda.remove(ids)
    return TimersCancelResult(len(ids))


class ListsGet(Params, frozen=True):
    """What is on the lists of the household."""


class ListsGetResult(Struct, frozen=True):
    lists: dict[str, list[str]]
    """What is on each, by its name: shopping, todo, any other."""


@method("lists.get", Right.READ, ListsGet, ListsGetResult)
async def lists_get(params: ListsGet, call: Call) -> ListsGetResult:
    lists = call.host.rooms.shared.house.lists
    return ListsGetResult({name: list(lists.on(name)) for name in lists.names} if lists is not None else {})
