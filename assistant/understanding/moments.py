"""When something is to happen, as it is said: days, times and parts of the day, in any order."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

from assistant.understanding.clock_times import TimeReader
from assistant.understanding.days import DayReader
from assistant.understanding.durations import DurationReader
from assistant.understanding.values import Moment
from assistant.understanding.vocabulary import Vocabulary, either

MAX_PIECES = 4
"""Tomorrow, at seven, in the morning."""

MAX_WEEKDAYS = 7

Read = Callable[[Moment, str], Moment | None]
"""Adds a piece of text to a moment; None where it cannot be."""


class MomentReader:
    """Reads moments with the words of `vocabulary` and of the other readers."""

    def __init__(self, vocabulary: Vocabulary, durations: DurationReader, times: TimeReader, days: DayReader) -> None:
        self._vocabulary = vocabulary
        self._words = vocabulary.grammar.dates
        self._durations = durations
        self._times = times
        self._days = days

    @cached_property
    def expression(self) -> str:
        """One piece or several, with or without a preposition, but no bare number."""
        piece = either([self._every, self._later, self._times.exact, self._days.expression, self._times.part])
        piece += self._vocabulary.end
        return rf"(?:{piece}(?:{self._vocabulary.space}{piece}){{0,{MAX_PIECES - 1}}})"

    def read(self, text: str) -> Moment | None:
        """Read piece by piece from the left, taking for each the first meaning that fits."""
        moment, rest = Moment(), text.strip()
        while rest:
            for pattern, read in self._pieces:
                if (match := pattern.match(rest)) and (found := read(moment, match[0].strip())) is not None:
                    moment, rest = found, rest[match.end() :].strip()
                    break
            else:
                return None
        return moment

    @cached_property
    def _pieces(self) -> list[tuple[re.Pattern[str], Read]]:
        pieces: tuple[tuple[str, Read], ...] = (
            (self._every, self._with_every),
            (self._later, self._with_later),
            (self._times.exact, self._with_time),
            (self._days.expression, self._with_day),
            (self._times.expression, self._with_time),
            (self._times.part, self._with_part),
        )
        return [(re.compile(expression + self._vocabulary.end), read) for expression, read in pieces]

    @cached_property
    def _later(self) -> str:
        return either(
            self._vocabulary.around(template, duration=self._durations.expression) for template in self._words.later
        )

    @cached_property
    def _every(self) -> str:
        weekdays = self._vocabulary.joined(self._days.weekday, MAX_WEEKDAYS)
        said = [self._vocabulary.around(template, weekdays=weekdays) for template in self._words.every]
        return either([*said, self._vocabulary.any_of(self._words.recurring)])

    def _with_every(self, moment: Moment, text: str) -> Moment | None:
        phrases = {self._vocabulary.spelled(phrase): weekdays for phrase, weekdays in self._words.recurring.items()}
        days = phrases.get(text) or self._days.read_weekdays(text)
        return replace(moment, weekdays=days) if days else None

    def _with_later(self, moment: Moment, text: str) -> Moment | None:
        later = self._durations.read(text)
        return replace(moment, later=later) if later else None

    def _with_time(self, moment: Moment, text: str) -> Moment | None:
        time = self._times.read(text) if moment.time is None else None
        return replace(moment, time=time) if time is not None else None

    def _with_day(self, moment: Moment, text: str) -> Moment | None:
        day = self._days.read(text) if moment.day is None else None
        return replace(moment, day=day) if day is not None else None

    def _with_part(self, moment: Moment, text: str) -> Moment | None:
        part = self._times.read_part(text) if not moment.part else None
        return replace(moment, part=part) if part else None
