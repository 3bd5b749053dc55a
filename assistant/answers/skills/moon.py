"""Where the moon stands in its month."""

import math
from datetime import UTC, date, datetime, timedelta, tzinfo

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)

CENTURY = timedelta(days=36525)

QUARTER = 90.0
"""Degrees from a principal phase to the next."""

NAMES = ("new", "first_quarter", "full", "last_quarter")
"""The principal phases, from 0 degrees on."""

MAX_MONTH = 31
"""Days in which each phase comes at least once: a month of the moon has 29.3 to 29.8."""


def elongation(at: datetime) -> float:
    """Degrees, 0 to 360, by which the moon is ahead of the sun at `at`: 0 is new, 180 full.

    The largest terms of Meeus, Astronomical Algorithms (2nd edition 1998), chapters 47 and 48, which sets it right by
    half a degree: an hour.
    """
    centuries = (at - J2000) / CENTURY
    mean = 297.8501921 + 445267.1114034 * centuries
    double = math.radians(2 * mean)
    sun = math.radians(357.5291092 + 35999.0502909 * centuries)
    moon = math.radians(134.9633964 + 477198.8675055 * centuries)
    return (
        mean
        + 6.289 * math.sin(moon)
        - 2.100 * math.sin(sun)
        + 1.274 * math.sin(double - moon)
        + 0.658 * math.sin(double)
        + 0.214 * math.sin(2 * moon)
        + 0.110 * math.sin(math.radians(mean))
    ) % 360


def phase(day: date, zone: tzinfo) -> int:
    """The phase on `day` in `zone`, of eight: 0 is new, 2 the first quarter, 4 full, 6 the last quarter, each on the
    day on which its moment is; the odd ones are what is between two."""
    first, last = (elongation(datetime.combine(each, datetime.min.time(), zone)) for each in (day, _next(day)))
    quarter, following = int(first // QUARTER), int(last // QUARTER)
    return following * 2 if following != quarter else quarter * 2 + 1


def next_phase(name: str, today: date, zone: tzinfo) -> date:
    """The next day, from `today` on, of the principal phase called `name`."""
    wanted = NAMES.index(name) * 2
    return next(day for day in _days(today) if phase(day, zone) == wanted)


def _next(day: date) -> date:
    return day + timedelta(days=1)


def _days(first: date) -> list[date]:
    return [first + timedelta(days=number) for number in range(MAX_MONTH)]
