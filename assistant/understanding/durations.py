"""How long something takes, as it is said."""

import re
from datetime import timedelta
from functools import cached_property

from assistant.understanding.vocabulary import DIGITS, Vocabulary, either, without_groups

UNIT_S = {
    "second": 1,
    "minute": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "month": 2_592_000,
    "year": 31_536_000,
}
"""Seconds; a month has 30 days where no calendar is asked."""

MAX_PARTS = 4


class DurationReader:
    """Reads durations with the words of `vocabulary`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._words = vocabulary.grammar.durations
        self._units = {vocabulary.spelled(form): unit for unit, forms in self._words.units.items() for form in forms}
        self._fixed = {vocabulary.spelled(phrase): seconds for phrase, seconds in self._words.fixed.items()}
        self._fractions = {vocabulary.spelled(phrase): part for phrase, part in self._words.fractions.items()}

    @cached_property
    def expression(self) -> str:
        """Several parts, with or without "and"."""
        part = either([self._vocabulary.any_of(self._fixed), *map(without_groups, (self._bare_minutes, self._part))])
        return self._vocabulary.joined(part, MAX_PARTS)

    def read(self, text: str) -> timedelta:
        """Add up the parts of a duration; what is longer than can be counted is as long as can be."""
        total = sum(self._seconds(match) for match in self._parts.finditer(text))
        try:
            return timedelta(seconds=total)
        except OverflowError:
            return timedelta.max

    @cached_property
    def _part(self) -> str:
        """A number, its unit, and a fraction behind either."""
        words = self._vocabulary
        number = either([DIGITS, words.any_of(self._words.one)])
        unit, fraction = words.any_of(self._units), words.any_of(self._fractions)
        return (
            rf"(?:(?P<number>{number}){words.space}(?P<before>{fraction})?{words.space}(?P<unit>{unit}){words.end}"
            rf"(?:{words.space}(?P<behind>{fraction}){words.end})?)"
        )

    @cached_property
    def _bare_minutes(self) -> str:
        """Hours, and minutes that are not called so: an hour twenty."""
        words = self._vocabulary
        number = either([DIGITS, words.any_of(self._words.one)])
        hour = words.any_of(self._words.units.get("hour", ()))
        return (
            rf"(?:(?P<hours>{number}){words.space}{hour}{words.end}{words.space}(?P<minutes>\d{{1,2}}){words.end}"
            rf"(?!{words.space}{words.any_of(self._units)}{words.end}))"
        )

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        fixed = rf"(?P<fixed>{self._vocabulary.any_of(self._fixed)})"
        return re.compile(f"{fixed}|{self._bare_minutes}|{self._part}")

    def _seconds(self, match: re.Match[str]) -> float:
        if match["fixed"]:
            return self._fixed[match["fixed"]]
        if match["hours"]:
            return (self._vocabulary.value(match["hours"]) or 0.0) * UNIT_S["hour"] + int(match["minutes"]) * 60
        number = self._vocabulary.value(match["number"]) or 0.0
        return (number + self._fractions.get(match["before"] or match["behind"], 0.0)) * UNIT_S[
            self._units[match["unit"]]
        ]
