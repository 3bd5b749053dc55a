"""German durations, times, days and moments are read as people say them."""

from datetime import timedelta

import pytest

from assistant.understanding.canonical import canonical
from assistant.understanding.entities import entities_of
from assistant.understanding.grammar import grammar_of
from assistant.understanding.values import Moment, SpokenDay, SpokenTime, Value


def read(kind: str, text: str) -> Value | None:
    entities, grammar = entities_of("de"), grammar_of("de")
    assert entities is not None
    assert grammar is not None
    utterance = canonical(text, grammar)
    return entities.spans(utterance)[kind].get(utterance.line)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("zehn Minuten", 10),
        ("eineinhalb Stunden", 90),
        ("eine Stunde und zwanzig Minuten", 80),
        ("eine Viertelstunde", 15),
        ("drei Stunden fünfzehn", 195),
        ("einer Dreiviertelstunde", 45),
        ("1,5 Stunden", 90),
        ("zweiunddreißig Minuten", 32),
    ],
)
def test_a_duration(text: str, minutes: float) -> None:
    assert read("duration", text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("halb acht", SpokenTime(7, 30)),
        ("Viertel vor neun", SpokenTime(8, 45)),
        ("dreiviertel acht", SpokenTime(7, 45)),
        ("fünf vor halb acht", SpokenTime(7, 25)),
        ("sieben Uhr dreißig", SpokenTime(7, 30)),
        ("19:30 Uhr", SpokenTime(19, 30)),
        ("acht Uhr abends", SpokenTime(8, 0, "evening")),
        ("ein Uhr", SpokenTime(1)),
    ],
)
def test_a_time_of_day(text: str, time: SpokenTime) -> None:
    assert read("time", text) == time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("morgen um sieben", Moment(day=SpokenDay(offset=1), time=SpokenTime(7))),
        ("morgen früh um halb sieben", Moment(day=SpokenDay(offset=1), time=SpokenTime(6, 30), part="am")),
        ("am fünften Mai um zwölf Uhr", Moment(day=SpokenDay(day=5, month=5), time=SpokenTime(12))),
        ("jeden Dienstag um acht", Moment(time=SpokenTime(8), weekdays=(1,))),
        ("in einer halben Stunde", Moment(later=timedelta(minutes=30))),
    ],
)
def test_a_moment(text: str, moment: Moment) -> None:
    assert read("moment", text) == moment
