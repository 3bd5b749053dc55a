"""When a moment that was said is, by the clock on the wall. Pure: the present moment is an argument."""

from datetime import UTC, date, datetime, time, timedelta

from assistant.understanding.grammar import Grammar
from assistant.understanding.values import Moment, SpokenDay, SpokenTime

NOON = 12
FIRST_WAKING_HOUR = 7
"""On another day, with nothing said about it, an hour before this is one of the afternoon."""


def resolve_day(day: SpokenDay, now: datetime) -> date | None:
    """The day that was said: the next one of that name or number from today on; None if there is none."""
    today = now.date()
    if day.offset is not None:
        return today + timedelta(days=day.offset)
    if day.weekday is not None:
        days = (day.weekday - today.weekday()) % 7
        # "next Friday", said on a Monday, is the one of next week; said on a Saturday, the coming one.
        return today + timedelta(
            days=days + 7 if day.next_week and day.weekday > today.weekday() else days or 7 * day.next_week
        )
    return _next_date(day, today)


def _next_date(day: SpokenDay, today: date) -> date | None:
    assert day.day is not None
    if day.year is not None:
        return _date(day.year, day.month or today.month, day.day)
    for months in range(0, 12 * 9):  # the 29th of February is at most eight years away
        month = day.month or (today.month - 1 + months) % 12 + 1
        year = today.year + months if day.month else today.year + (today.month - 1 + months) // 12
        found = _date(year, month, day.day)
        if found is not None and found >= today:
            return found
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def resolve(moment: Moment, now: datetime, grammar: Grammar, *, waking: bool = False) -> datetime | None:
    """When `moment` is, in the time zone of `now`; None where it has no time of day, or is on no day that exists.

    An hour without a part of the day is the next such hour by the clock; on another day it is one of the day, unless
    `waking`: somebody is to be woken, who means the morning. What recurs gives the first time.
    """
    if moment.later is not None:
        try:
            return (now.astimezone(UTC) + moment.later).astimezone(now.tzinfo)
        except OverflowError:
            return None
    part = moment.time.part if moment.time and moment.time.part else moment.part
    if moment.time is None:
        usual = grammar.day_parts[part].usual if part else None
        if usual is None:
            return None
        hours, minute = [usual], 0
    else:
        hours, minute = _hours(moment.time, part, grammar), moment.time.minute
    days = _days(moment, now, part)
    candidates = [_at(day, hour, minute, now) for day in days for hour in hours]
    present = now.astimezone(UTC)  # moments of one zone are compared by their clocks, which summer time moves
    later = sorted(when for when in candidates if when.astimezone(UTC) > present)
    if not later:
        return max(candidates, default=None)
    first = later[0]
    if moment.time is not None and len(hours) == 2 and first.date() != now.date():
        on_that_day = [when for when in later if when.date() == first.date()]
        is_early = on_that_day[0].hour < FIRST_WAKING_HOUR and not waking and moment.day is not None
        return on_that_day[-1] if is_early else on_that_day[0]
    return first


def _days(moment: Moment, now: datetime, part: str) -> list[date]:
    """The days that may be meant, the soonest first."""
    today = now.date()
    if moment.weekdays:
        week = [today + timedelta(days=ahead) for ahead in range(8)]
        return [day for day in week if day.weekday() in moment.weekdays]
    if moment.day is not None:
        day = resolve_day(moment.day, now)
        if day is None:
            return []
        if moment.day.weekday is not None and day == today:
            return [day, day + timedelta(days=7)]
        return [day]
    return [today, today + timedelta(days=1)]


def _hours(said: SpokenTime, part: str, grammar: Grammar) -> list[int]:
    """The hours of the day, 0 to 47, that `said` may mean."""
    hour = said.hour
    if hour > NOON or hour == 0:
        return [hour]
    both = [hour % NOON, hour % NOON + NOON]
    if not part:
        return sorted(both)
    words = grammar.day_parts[part]
    last = words.last if words.last >= words.first else words.last + 24
    within = [each for each in (*both, both[0] + 24) if words.first <= each <= last]
    return within[:1] or [hour]


def _at(day: date, hour: int, minute: int, now: datetime) -> datetime:
    """A moment by the clock on the wall. One that summer time skips is as much later; of a doubled one, the first."""
    wall = datetime.combine(day + timedelta(days=hour // 24), time(hour % 24, minute), tzinfo=now.tzinfo)
    return wall.astimezone(UTC).astimezone(now.tzinfo)
