"""Days with a name, ahead and behind."""

from datetime import date

import pytest

from assistant.answers.skills.feasts import feast_in, last_feast, next_feast, year_before


@pytest.mark.parametrize(
    ("rule", "year", "day"),
    [
        ("12-25", 2026, date(2026, 12, 25)),
        ("easter", 2027, date(2027, 3, 28)),
        ("easter-2", 2026, date(2026, 4, 3)),
        ("11-4-4", 2026, date(2026, 11, 26)),
        ("5-0-1", 2026, date(2026, 5, 25)),
        ("2-29", 2026, date(2026, 2, 28)),
    ],
)
def test_a_rule_names_a_day_of_each_year(rule: str, year: int, day: date) -> None:
    assert feast_in(rule, year) == day


def test_the_day_itself_is_the_next_and_the_last() -> None:
    christmas = date(2026, 12, 25)
    assert next_feast("12-25", christmas) == last_feast("12-25", christmas) == christmas


def test_the_last_one_may_be_of_the_year_before() -> None:
    assert last_feast("12-25", date(2026, 3, 18)) == date(2025, 12, 25)
    assert next_feast("easter", date(2026, 4, 6)) == date(2027, 3, 28)


def test_a_leap_day_a_year_earlier_is_the_28th() -> None:
    assert year_before(date(2028, 2, 29)) == date(2027, 2, 28)
    assert year_before(date(2026, 3, 18)) == date(2025, 3, 18)
