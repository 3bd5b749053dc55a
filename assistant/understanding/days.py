"""Days, as they are said."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property, partial

from assistant.understanding.values import SpokenDay
from assistant.understanding.vocabulary import Vocabulary, either, index_of, without_groups

Meaning = Callable[[re.Match[str]], SpokenDay | None]


class DayReader:
    """Reads days with the words of `vocabulary`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._words = vocabulary.grammar.dates
        self._relative = {vocabulary.spelled(phrase): offset for phrase, offset in self._words.relative.items()}
        self._ordinals = [vocabulary.spelled(word) for word in self._words.ordinals]

    @cached_property
    def expression(self) -> str:
        """Any way to say a day."""
        return either(without_groups(pattern.pattern) for pattern, _ in self._readers)

    @cached_property
    def weekday(self) -> str:
        """A weekday, alone."""
        return self._vocabulary.any_of(form for forms in self._words.weekdays for form in forms)

    def read(self, text: str) -> SpokenDay | None:
        """Read a day; None for what is none, such as the 32nd."""
        for pattern, meaning in self._readers:
            if (match := pattern.fullmatch(text)) and (day := meaning(match)) is not None:
                return day
        return None

    def read_weekdays(self, text: str) -> tuple[int, ...]:
        """The weekdays that are named in `text`, from 0 (Monday) to 6."""
        return tuple(sorted({self._weekday_of(match[0]) for match in re.finditer(self.weekday, text)}))

    def _weekday_of(self, text: str) -> int:
        return index_of(self._words.weekdays, text)

    @cached_property
    def _readers(self) -> list[tuple[re.Pattern[str], Meaning]]:
        return [(re.compile(expression), meaning) for expression, meaning in self._ways()]

    def _ways(self) -> Iterator[tuple[str, Meaning]]:
        """Expressions with groups, and what each means."""
        relative, words = self._relative, self._vocabulary
        if relative:
            yield rf"(?P<near>{words.any_of(relative)})", lambda match: SpokenDay(offset=relative[match["near"]])
        for templates, next_week in ((self._words.next_weekday, True), (self._words.weekday, False)):
            for template in templates:
                expression = words.around(template, weekday=rf"(?P<weekday>{self.weekday})")
                yield expression, partial(self._on_weekday, next_week)
        months = words.any_of(form for forms in self._words.months for form in forms)
        for template in self._words.calendar:
            yield (
                words.around(
                    template,
                    day=rf"(?P<day>\d{{1,2}}(?:st|nd|rd|th)?{words.end}|{words.any_of(self._ordinals)})",
                    month=rf"(?P<month>{months})",
                    number_month=r"(?P<number>\d{1,2})",
                    year=r"(?P<year>\d{4}|\d{2} \d{2})",
                ),
                self._on_date,
            )

    def _on_weekday(self, next_week: bool, match: re.Match[str]) -> SpokenDay:
        return SpokenDay(weekday=self._weekday_of(match["weekday"]), next_week=next_week)

    def _on_date(self, match: re.Match[str]) -> SpokenDay | None:
        groups = match.groupdict()
        month, number, year = groups.get("month"), groups.get("number"), groups.get("year")
        day = self._number(groups.get("day"))
        of_year = index_of(self._words.months, month) + 1 if month else int(number) if number else None
        if of_year not in {None, *range(1, 13)} or day not in {None, *range(1, 32)}:
            return None
        return SpokenDay(day=day, month=of_year, year=int(year.replace(" ", "")) if year else None)

    def _number(self, said: str | None) -> int | None:
        if not said:
            return None
        digits = re.match(r"\d+", said)
        return int(digits[0]) if digits else self._ordinals.index(said) + 1
