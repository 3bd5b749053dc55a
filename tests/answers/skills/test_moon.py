"""The phases of the moon, beside the moments that almanacs print."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from assistant.answers.skills.moon import elongation, next_phase, phase

BERLIN, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize(
    ("moment", "degrees"),
    [
        (datetime(2026, 1, 3, 10, 3, tzinfo=UTC), 180),
        (datetime(2026, 1, 18, 19, 52, tzinfo=UTC), 360),
        (datetime(2026, 3, 3, 11, 38, tzinfo=UTC), 180),  # an eclipse of the moon
        (datetime(2026, 8, 12, 17, 37, tzinfo=UTC), 360),  # one of the sun
        (datetime(2026, 11, 17, 11, 48, tzinfo=UTC), 90),
        (datetime(2026, 12, 1, 6, 9, tzinfo=UTC), 270),
    ],
)
def test_the_moon_stands_where_almanacs_say(moment: datetime, degrees: float) -> None:
    assert elongation(moment) == pytest.approx(degrees, abs=0.5)


def test_a_principal_phase_is_on_the_day_of_its_moment_where_one_lives() -> None:
    assert phase(date(2026, 1, 18), BERLIN) == 0
    assert phase(date(2026, 1, 18), TOKYO) == 7
    assert phase(date(2026, 1, 19), TOKYO) == 0


def test_every_month_has_each_phase_once_and_in_order() -> None:
    days = [
        phase(date.fromordinal(day), BERLIN)
        for day in range(date(2026, 1, 1).toordinal(), date(2031, 1, 1).toordinal())
    ]
    changes = [day for day, before in zip(days[1:], days, strict=False) if day != before]
    assert all((after - before) % 8 == 1 for after, before in zip(changes[1:], changes, strict=False))
    assert days.count(4) in {61, 62}


def test_the_next_phase_may_be_today() -> None:
    assert next_phase("full", date(2026, 1, 3), BERLIN) == date(2026, 1, 3)
    assert next_phase("full", date(2026, 1, 4), BERLIN) == date(2026, 2, 1)
