"""What alarms and reminders share: a moment that was said, and what is due then."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from assistant.agenda.entry import MAX_AHEAD, Entry, Kind, next_time
from assistant.answers.skills.base import Request
from assistant.understanding.values import Moment, SpokenTime


def said_moment(request: Request) -> Moment:
    """What was said of the time, in one slot or in two."""
    moment = request.value("moment")
    if isinstance(moment, SpokenTime):  # it was asked for
        moment = Moment(time=moment)
    found = moment if isinstance(moment, Moment) else Moment()
    time = request.value("time")
    return replace(found, time=time) if isinstance(time, SpokenTime) else found


def unfit(request: Request, moment: Moment, due: datetime) -> str | None:
    """What is said of a moment at which nothing can be set; None where it can."""
    ahead = due.astimezone(UTC) - request.now.astimezone(UTC)
    if ahead <= timedelta():
        return request.say("past")
    if ahead > MAX_AHEAD:
        return request.say("too_far")
    return None


def entry_at(request: Request, kind: Kind, moment: Moment, due: datetime, name: str) -> Entry:
    """What is due at `due`, which is what `moment` means."""
    return Entry(
        id=secrets.token_hex(4),
        kind=kind,
        room=request.room,
        due=due,
        name=name,
        wall=due.astimezone(request.now.tzinfo).time() if moment.later is None else None,
        weekdays=moment.weekdays,
        language=request.speech.language,
    )


def moved(entry: Entry, moment: Moment, due: datetime, request: Request) -> Entry:
    """`entry` at another time; on the days on which it recurs, unless `moment` says others."""
    weekdays = moment.weekdays or (entry.weekdays if moment.day is None and moment.later is None else ())
    wall = due.astimezone(request.now.tzinfo).time() if moment.later is None else None
    if weekdays and wall is not None:
        due = next_time(wall, weekdays, request.now)
    return replace(entry, due=due, wall=wall, weekdays=weekdays)


def when_of(entry: Entry, request: Request) -> str:
    """When it is due, or on which days."""
    if entry.weekdays and entry.wall is not None:
        spoken = request.speech.grammar.spoken
        at = spoken.at.format(time=request.speech.time(entry.wall))
        return spoken.day_and_time.format(day=request.speech.weekdays(entry.weekdays), at=at)
    return request.speech.moment(entry.due, request.now)
