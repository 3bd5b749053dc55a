"""Days that have a name: fixed ones, and those that Easter moves."""

from datetime import date, timedelta

from dateutil.easter import easter  # type: ignore[import-untyped]

EASTER = "easter"


def next_feast(rule: str, today: date) -> date:
    """The next day, from `today` on, that `rule` names."""
    return next(day for year in (today.year, today.year + 1) if (day := feast_in(rule, year)) >= today)


def last_feast(rule: str, today: date) -> date:
    """The latest day, up to `today`, that `rule` names."""
    return next(day for year in (today.year, today.year - 1) if (day := feast_in(rule, year)) <= today)


def feast_in(rule: str, year: int) -> date:
    """The day of `year` that `rule` names: "12-25", "easter+1", or "11-4-4" for the fourth Thursday (4) of November.
    A 29th of February is the 28th in a year that has none."""
    if rule.startswith(EASTER):
        sunday: date = easter(year)
        return sunday + timedelta(days=int(rule.removeprefix(EASTER) or 0))
    month, day, *weekday = map(int, rule.split("-"))
    if not weekday:
        return date(year, month, min(day, 28) if month == 2 else day)
    if day:
        first = date(year, month, 1)
        return first + timedelta(days=(weekday[0] - first.isoweekday()) % 7 + 7 * (day - 1))
    last = date(year, month + 1, 1) - timedelta(days=1) if month < 12 else date(year, 12, 31)
    return last - timedelta(days=(last.isoweekday() - weekday[0]) % 7)


def year_before(day: date) -> date:
    """The same day a year earlier; the 28th for a 29th of February."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)
