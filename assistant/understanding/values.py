"""What the slots of a template mean."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Quantity:
    """So much of a unit."""

    amount: float
    unit: str
    """As `measures` of the grammar calls it."""


@dataclass(frozen=True, slots=True)
class SpokenTime:
    """A time of day as it was said."""

    hour: int
    """0 to 24."""
    minute: int = 0
    part: str = ""
    """The part of the day that was said with it: am, pm, evening …; empty for none."""


@dataclass(frozen=True, slots=True)
class SpokenDay:
    """A day as it was said; one field is set, or `month` and `day`, perhaps with `year`."""

    offset: int | None = None
    """Days from today."""
    weekday: int | None = None
    """0 is Monday."""
    next_week: bool = False
    """Whether the weekday of next week is meant."""
    day: int | None = None
    month: int | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When, as it was said; what was not said is None or empty."""

    day: SpokenDay | None = None
    time: SpokenTime | None = None
    part: str = ""
    later: timedelta | None = None
    """From now."""
    weekdays: tuple[int, ...] = ()
    """When it recurs: 0 is Monday."""

    @property
    def recurs(self) -> bool:
        return bool(self.weekdays)


Value = float | int | str | timedelta | SpokenTime | SpokenDay | Moment | tuple[Quantity, ...]
"""Of a slot."""
