"""Times of day and parts of the day, as they are said."""

import re
from collections.abc import Mapping
from functools import cached_property

from assistant.understanding.grammar import Said
from assistant.understanding.values import SpokenTime
from assistant.understanding.vocabulary import Vocabulary, either, without_groups

HALVES = ("am", "pm")
"""Parts of the day that make a bare number a time: 7 am."""


class TimeReader:
    """Reads times with the words of `vocabulary`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._grammar = vocabulary.grammar

    @cached_property
    def expression(self) -> str:
        """A time, perhaps with a part of the day before or behind it; a bare number is one."""
        space = self._vocabulary.space
        return rf"(?:(?:{self.part}{space})?{self._times(loose=True)}(?:{space}{self.part})?)"

    @cached_property
    def exact(self) -> str:
        """What can be nothing but a time: with a preposition, or written as one."""
        at = [self._vocabulary.around(template, time=self._times(loose=True)) for template in self._grammar.at]
        half = self._vocabulary.any_of(word for name in HALVES for word in self._words(name))
        return either([*at, self._times(loose=True) + self._vocabulary.space + half, self._times(loose=False)])

    @cached_property
    def part(self) -> str:
        """A part of the day."""
        return self._vocabulary.any_of(word for name in self._grammar.day_parts for word in self._words(name))

    def read(self, text: str) -> SpokenTime | None:
        """Read a time of day, perhaps with a part of the day; None for what is none, such as 25:00."""
        part = self.read_part(text) or ""
        bare = self._parts.sub(" " if self._grammar.spaced else "", text).strip()
        for said, implied in ((text, ""), (bare, part)):
            for pattern, way in self._readers:
                if match := pattern.fullmatch(said):
                    return _spoken_time(match.groupdict(), way, implied)
        return None

    def read_part(self, text: str) -> str | None:
        """The part of the day that is named in `text`."""
        match = self._parts.search(text)
        if match is None:
            return None
        spelled = self._vocabulary.spelled
        named = [name for name in self._grammar.day_parts if match[0] in map(spelled, self._words(name))]
        return named[0] if named else None

    def _words(self, part: str) -> tuple[str, ...]:
        return self._grammar.day_parts[part].words if part in self._grammar.day_parts else ()

    def _times(self, *, loose: bool) -> str:
        """Any way to say a time, those that can be nothing else first."""
        ways = sorted((way for way in self._grammar.times if loose or not way.loose), key=lambda way: way.loose)
        end = r"(?![\w:])" if self._grammar.spaced else ""
        return either(without_groups(self._of_way(way)) for way in ways) + end

    def _of_way(self, way: Said) -> str:
        return self._vocabulary.around(way.said, hour=r"(?P<hour>\d{1,2})", minute=r"(?P<minute>\d{1,2})")

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        return re.compile(self._vocabulary.begin + self.part + self._vocabulary.end)

    @cached_property
    def _readers(self) -> list[tuple[re.Pattern[str], Said]]:
        """Each way to say a time, alone and behind a preposition."""
        return [
            (re.compile(self._vocabulary.around(template, time=self._of_way(way))), way)
            for template in ("<time>", *self._grammar.at)
            for way in self._grammar.times
        ]


def _spoken_time(groups: Mapping[str, str | None], way: Said, part: str) -> SpokenTime | None:
    hour = int(groups["hour"] or 0) if groups.get("hour") else way.hour
    said = int(groups.get("minute") or 0)
    minute = way.minute - said if way.before else way.minute + said
    if hour is None or not 0 <= hour <= 24 or not -60 < minute < 60:
        return None
    total = (hour * 60 + minute) % (24 * 60)
    return SpokenTime(total // 60, total % 60, part or way.part)
