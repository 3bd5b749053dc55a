"""One timer, alarm or reminder. Pure: the present moment is an argument."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

MAX_AHEAD = timedelta(days=366 * 5)
"""Whatever is further away was misunderstood, or is a joke."""


class Kind(StrEnum):
    """What somebody set."""

    TIMER = "timer"
    """Counts so many seconds down, whatever the clock on the wall does."""
    ALARM = "alarm"
    """Is due when the clock on the wall says so."""
    REMINDER = "reminder"
    """An alarm that says what it is about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A timer, alarm or reminder."""

    id: str
    kind: Kind
    room: str
    """Where it was set, and rings."""
    due: datetime
    """When it rings next, in UTC whatever it is made with. While it is paused, when it would."""
    name: str = ""
    """Of a timer or an alarm; what a reminder says."""
    length: timedelta | None = None
    """Of a timer, as it was set."""
    left: timedelta | None = None
    """What was left of a timer when it was paused; None while it runs."""
    wall: time | None = None
    """By the clock on the wall, where it is due by that."""
    weekdays: tuple[int, ...] = ()
    """When it recurs; 0 is Monday."""
    language: str = "en"
    """ISO 639-1 code of what it says."""

    def __post_init__(self) -> None:
        # Moments of one zone are subtracted and compared by their clocks, which summer time moves.
        object.__setattr__(self, "due", self.due.astimezone(UTC))

    @property
    def is_paused(self) -> bool:
        return self.left is not None

    def remaining(self, now: datetime) -> timedelta:
        """Until it is due; what was left where it is paused."""
        return self.left if self.left is not None else max(self.due - now, timedelta())

    def paused(self, now: datetime) -> "Entry":
        """It, standing still."""
        return replace(self, left=self.remaining(now))

    def resumed(self, now: datetime) -> "Entry":
        """It, going on."""
        return replace(self, due=later(now, self.remaining(now)), left=None)

    def extended(self, by: timedelta, now: datetime) -> "Entry":
        """It with `by` more, or less, to go; not less than nothing."""
        left = max(self.remaining(now) + by, timedelta())
        length = self.length + by if self.length is not None else None
        if self.is_paused:
            return replace(self, left=left, length=length)
        return replace(self, due=later(now, left), length=length)

    def after(self, now: datetime) -> "Entry | None":
        """What it is after it has rung at its time: the next time of what recurs, else None."""
        if not self.weekdays or self.wall is None:
            return None
        return replace(self, due=next_time(self.wall, self.weekdays, now))


def later(now: datetime, by: timedelta) -> datetime:
    """The moment `by` after `now`, in UTC. Raises `OverflowError`."""
    return now.astimezone(UTC) + by


def next_time(wall: time, weekdays: tuple[int, ...], now: datetime) -> datetime:
    """The next moment after `now` at which the clock on the wall shows `wall` on one of `weekdays`."""
    days = [now.date() + timedelta(days=ahead) for ahead in range(9)]
    moments = (on_the_wall(day, wall, now) for day in days if day.weekday() in weekdays)
    return next(when for when in moments if when > now.astimezone(UTC))


def on_the_wall(day: date, wall: time, now: datetime) -> datetime:
    """The moment, in UTC, at which the clock on the wall, in the zone of `now`, shows `wall` on `day`.

    A time that summer time skips is as much later, as the clock shows it then; of one that it shows twice, the first.
    """
    return datetime.combine(day, wall, tzinfo=now.tzinfo).astimezone(UTC)


def settled(entry: Entry, now: datetime) -> Entry:
    """`entry` as it is by the clock on the wall in the zone of `now`: an alarm at seven is at seven there."""
    if entry.wall is None:
        return entry
    day = entry.due.astimezone(now.tzinfo).date()
    around = (on_the_wall(day + timedelta(days=by), entry.wall, now) for by in (-1, 0, 1))
    due = min(around, key=lambda when: abs(when - entry.due))
    return entry if due == entry.due else replace(entry, due=due)
