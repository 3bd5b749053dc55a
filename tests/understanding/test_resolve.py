"""When a moment that was said is, by the clock on the wall."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.agenda.entry import next_time, on_the_wall
from assistant.understanding.canonical import canonical
from assistant.understanding.entities import entities_of
from assistant.understanding.grammar import grammar_of
from assistant.understanding.resolve import resolve
from assistant.understanding.values import Moment

BERLIN = ZoneInfo("Europe/Berlin")


def due(text: str, now: str, *, waking: bool = False) -> str | None:
    """When `text` is, said at `now`, in local time."""
    entities, grammar = entities_of("en"), grammar_of("en")
    assert entities is not None
    assert grammar is not None
    utterance = canonical(text, grammar)
    moment = entities.spans(utterance)["moment"][utterance.line]
    assert isinstance(moment, Moment)
    found = resolve(moment, datetime.fromisoformat(now).replace(tzinfo=BERLIN), grammar, waking=waking)
    return found.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M") if found is not None else None


@pytest.mark.parametrize(
    ("text", "now", "then"),
    [
        ("at 7", "2026-03-18T21:10", "2026-03-19 07:00"),
        ("at 7", "2026-03-18T06:10", "2026-03-18 07:00"),
        ("at 7", "2026-03-18T12:10", "2026-03-18 19:00"),
        ("at 19:00", "2026-03-18T21:10", "2026-03-19 19:00"),
        ("at 7 pm", "2026-03-18T06:10", "2026-03-18 19:00"),
        ("tonight at 11", "2026-03-18T21:10", "2026-03-18 23:00"),
        ("tonight at 1", "2026-03-18T21:10", "2026-03-19 01:00"),
        ("tomorrow at 7", "2026-03-18T21:10", "2026-03-19 07:00"),
        ("tomorrow at 3", "2026-03-18T21:10", "2026-03-19 15:00"),
        ("tomorrow evening", "2026-03-18T21:10", "2026-03-19 19:00"),
        ("at noon", "2026-03-18T21:10", "2026-03-19 12:00"),
        ("at midnight", "2026-03-18T21:10", "2026-03-19 00:00"),
        ("on Friday at 9", "2026-03-18T21:10", "2026-03-20 09:00"),
        ("next Friday at 9", "2026-03-18T21:10", "2026-03-27 09:00"),
        ("on Wednesday at 9 am", "2026-03-18T21:10", "2026-03-25 09:00"),
        ("on May 3rd at 9 am", "2026-05-04T10:00", "2027-05-03 09:00"),
        ("on the 31st at 9 am", "2026-04-10T10:00", "2026-05-31 09:00"),
        ("on February 29th at 9 am", "2026-04-10T10:00", "2028-02-29 09:00"),
        ("every weekday at 6:45", "2026-03-20T21:00", "2026-03-23 06:45"),
        ("in ten hours", "2026-03-28T21:00", "2026-03-29 08:00"),
        ("tomorrow at 7", "2026-03-28T21:00", "2026-03-29 07:00"),
        ("tomorrow at 2:30 am", "2026-03-28T21:00", "2026-03-29 03:30"),
        ("yesterday at 7", "2026-03-18T21:10", "2026-03-17 19:00"),
    ],
)
def test_it_is_what_people_mean(text: str, now: str, then: str) -> None:
    assert due(text, now) == then


def test_who_is_to_be_woken_means_the_morning() -> None:
    assert due("tomorrow at 5", "2026-03-18T21:10", waking=True) == "2026-03-19 05:00"


def test_a_day_without_a_time_is_left_open() -> None:
    assert due("tomorrow", "2026-03-18T21:10") is None


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    now = datetime(2026, 10, 24, 21, tzinfo=BERLIN)
    assert on_the_wall(datetime(2026, 10, 25).date(), datetime(2026, 1, 1, 2, 30).time(), now) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),
    st.times(),
    st.sets(st.integers(0, 6), min_size=1),
)
def test_what_recurs_is_always_later_and_at_its_time(now: datetime, wall: time, days: set[int]) -> None:
    local = now.replace(tzinfo=BERLIN)
    said = wall.replace(second=0, microsecond=0)
    found = next_time(said, tuple(sorted(days)), local)
    assert timedelta() < found - local.astimezone(UTC) <= timedelta(days=8, hours=1)
    there = found.astimezone(BERLIN)
    assert there.weekday() in days
    assert there.time() == said or (there - timedelta(hours=1)).time() == said  # what summer time skips
