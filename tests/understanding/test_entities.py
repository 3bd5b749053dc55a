"""Durations, times, days and moments are read as people say them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.understanding.canonical import canonical
from assistant.understanding.entities import Entities, entities_of
from assistant.understanding.grammar import grammar_of
from assistant.understanding.values import Moment, SpokenDay, SpokenTime, Value


@pytest.fixture(name="english")
def english_fixture() -> Entities:
    entities = entities_of("en")
    assert entities is not None
    return entities


def read(entities: Entities, kind: str, text: str) -> Value | None:
    """The value of the entity of `kind` that the whole of `text` is."""
    grammar = grammar_of("en")
    assert grammar is not None
    utterance = canonical(text, grammar)
    return entities.spans(utterance)[kind].get(utterance.line)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("ten minutes", 600),
        ("an hour and a half", 5400),
        ("one and a half hours", 5400),
        ("2 hours and a half", 9000),
        ("one hour and 30 minutes", 5400),
        ("1 hour 20 minutes and 5 seconds", 4805),
        ("half an hour", 1800),
        ("three quarters of an hour", 2700),
        ("1.5 hours", 5400),
        ("ninety seconds", 90),
        ("an hour", 3600),
        ("two weeks", 1_209_600),
        ("an hour twenty", 4800),
        ("zero minutes", 0),
    ],
)
def test_a_duration(text: str, seconds: float, english: Entities) -> None:
    assert read(english, "duration", text) == timedelta(seconds=seconds)


def test_a_duration_beyond_all_calendars_is_as_long_as_can_be(english: Entities) -> None:
    assert english.duration("999999999999999 years") == timedelta.max


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("seven", SpokenTime(7)),
        ("7 30", SpokenTime(7, 30)),
        ("half past seven", SpokenTime(7, 30)),
        ("quarter to nine", SpokenTime(8, 45)),
        ("a quarter past nine", SpokenTime(9, 15)),
        ("7:30 pm", SpokenTime(7, 30, "pm")),
        ("ten to six in the morning", SpokenTime(5, 50, "am")),
        ("twenty past four", SpokenTime(4, 20)),
        ("six oh five", SpokenTime(6, 5)),
        ("noon", SpokenTime(12, 0, "pm")),
        ("midnight", SpokenTime(0)),
        ("19:05", SpokenTime(19, 5)),
    ],
)
def test_a_time_of_day(text: str, time: SpokenTime, english: Entities) -> None:
    assert read(english, "time", text) == time


@pytest.mark.parametrize("text", ["27:10", "7:75", "hello"])
def test_what_no_clock_shows_is_no_time(text: str, english: Entities) -> None:
    assert read(english, "time", text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tomorrow", SpokenDay(offset=1)),
        ("the day after tomorrow", SpokenDay(offset=2)),
        ("on Friday", SpokenDay(weekday=4)),
        ("next Monday", SpokenDay(weekday=0, next_week=True)),
        ("on the fifth of May", SpokenDay(day=5, month=5)),
        ("May 3rd", SpokenDay(day=3, month=5)),
        ("December 24th 2027", SpokenDay(day=24, month=12, year=2027)),
    ],
)
def test_a_day(text: str, day: SpokenDay, english: Entities) -> None:
    assert read(english, "day", text) == day


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("tomorrow at 7", Moment(day=SpokenDay(offset=1), time=SpokenTime(7))),
        ("at 7 tomorrow", Moment(day=SpokenDay(offset=1), time=SpokenTime(7))),
        (
            "tomorrow morning at quarter past six",
            Moment(day=SpokenDay(offset=1), time=SpokenTime(6, 15), part="morning"),
        ),
        ("in twenty minutes", Moment(later=timedelta(minutes=20))),
        ("this evening", Moment(part="evening")),
        ("every weekday at 6:30", Moment(time=SpokenTime(6, 30), weekdays=(0, 1, 2, 3, 4))),
        ("every Monday and Friday at seven", Moment(time=SpokenTime(7), weekdays=(0, 4))),
    ],
)
def test_a_moment(text: str, moment: Moment, english: Entities) -> None:
    assert read(english, "moment", text) == moment


def test_a_bare_number_is_no_moment(english: Entities) -> None:
    assert read(english, "moment", "seven") is None


SAID = [
    "at",
    "7",
    "30",
    ":",
    "am",
    "tomorrow",
    "in",
    "an",
    "hour",
    "and",
    "half",
    "past",
    "99",
    "every",
    "monday",
    "of",
]


@given(st.lists(st.sampled_from(SAID), max_size=40))
def test_nothing_that_is_said_is_an_error(words: list[str]) -> None:
    entities, grammar = entities_of("en"), grammar_of("en")
    assert entities is not None
    assert grammar is not None
    entities.spans(canonical(" ".join(words), grammar))
