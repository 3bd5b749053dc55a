"""The entities of a language: what fills the typed slots of a template."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property

from assistant.understanding.canonical import Utterance
from assistant.understanding.clock_times import TimeReader
from assistant.understanding.days import DayReader
from assistant.understanding.durations import DurationReader
from assistant.understanding.grammar import Grammar, grammar_of
from assistant.understanding.moments import MomentReader
from assistant.understanding.quantities import QuantityReader
from assistant.understanding.sums import SumReader
from assistant.understanding.values import Value
from assistant.understanding.vocabulary import Vocabulary

Read = Callable[[str], Value | None]
"""Makes the value of what the expression has found; None where it has none after all."""


@dataclass(frozen=True)
class Kind:
    """A kind of slot: the expression of what it looks like, and what it means."""

    expression: str
    read: Read


class Entities:
    """Those of `grammar`."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self._vocabulary = Vocabulary(grammar)
        self._durations = DurationReader(self._vocabulary)
        self._times = TimeReader(self._vocabulary)
        self._days = DayReader(self._vocabulary)
        self._sums = SumReader(self._vocabulary)
        self._quantities = QuantityReader(self._vocabulary)
        self._moments = MomentReader(self._vocabulary, self._durations, self._times, self._days)

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """By the name of the slot."""
        words = self._vocabulary
        percent = rf"{words.number}{words.space}(?:%|{words.any_of(self.grammar.percent)})"
        return {
            "number": Kind(words.number, words.value),
            "percent": Kind(percent, self.percent),
            "duration": Kind(self._durations.expression, self.duration),
            "time": Kind(self._times.expression, self._times.read),
            "day": Kind(self._days.expression, self._days.read),
            "part": Kind(self._times.part, self._times.read_part),
            "moment": Kind(self._moments.expression, self._moments.read),
            "sum": Kind(self._sums.expression, self._sums.read),
            "operation": Kind(self._sums.operation, self._sums.read_operation),
            "quantity": Kind(self._quantities.expression, self._quantities.read),
            "unit": Kind(self._quantities.unit, self._quantities.read_unit),
        }

    def warm(self) -> None:
        """Compile every expression now rather than with the first question."""
        for name, kind in self.kinds.items():
            self._patterns[name].match("1")
            kind.read("1")

    def spans(self, utterance: Utterance) -> dict[str, dict[str, Value]]:
        """For each kind the parts of `utterance` that are one, and what they mean."""
        line = utterance.line
        starts = self._starts(line)
        return {name: self._found(name, line, starts) for name in self.kinds}

    def begins_with(self, kind: str, line: str) -> bool:
        """Whether canonical text begins with an entity of `kind`."""
        return self._patterns[kind].match(line) is not None

    def start_of_last(self, kind: str, line: str) -> int | None:
        """Where the entity of `kind` begins that canonical text ends with; None if it ends with none."""
        pattern = self._patterns[kind]
        return next((start for start in self._starts(line) if pattern.fullmatch(line, start)), None)

    def duration(self, text: str) -> timedelta | None:
        """Read a duration in canonical text; None where there is none."""
        return self._durations.read(text) if self._patterns["duration"].search(text) else None

    def percent(self, text: str) -> float | None:
        """Read a number of per cent."""
        match = re.match(self._vocabulary.number, text)
        return self._vocabulary.value(match[0]) if match else None

    def _starts(self, line: str) -> list[int]:
        """Where words begin."""
        return [match.start() for match in re.finditer(r"(?<!\S)\S" if self.grammar.spaced else ".", line)]

    def _found(self, name: str, line: str, starts: list[int]) -> dict[str, Value]:
        """From each of `starts` the longest text that is an entity, with its value."""
        pattern, read, found = self._patterns[name], self.kinds[name].read, {}
        for start in starts:
            match = pattern.match(line, start)
            text = match[0].strip() if match else ""
            if text and text not in found and (value := read(text)) is not None:
                found[text] = value
        return found

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[str]]:
        return {name: re.compile(kind.expression + self._vocabulary.end) for name, kind in self.kinds.items()}


@cache
def entities_of(language: str) -> Entities | None:
    """The entities of `language`; None if it has no grammar."""
    grammar = grammar_of(language)
    return Entities(grammar) if grammar is not None else None
