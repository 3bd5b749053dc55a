"""Quantities, as they are said: a number and a unit of measure."""

import re
from functools import cached_property

from assistant.understanding.values import Quantity
from assistant.understanding.vocabulary import DIGITS, Vocabulary, either, without_groups

MAX_PARTS = 2
"""Five feet eleven."""


class QuantityReader:
    """Reads quantities with the words of `vocabulary`."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        measures = vocabulary.grammar.measures
        self._units = {vocabulary.spelled(form): unit for unit, forms in measures.units.items() for form in forms}
        self._one = measures.one
        self._fractions = {vocabulary.spelled(phrase): part for phrase, part in measures.fractions.items()}

    @cached_property
    def unit(self) -> str:
        """The name of a unit."""
        return self._vocabulary.any_of(self._units)

    @cached_property
    def expression(self) -> str:
        """One or two numbers with their units, "of" something left out."""
        part, space = without_groups(self._part), self._vocabulary.space
        return rf"(?:{part}(?:{space}(?:{self._joined}{space})?{part}){{0,{MAX_PARTS - 1}}})"

    def read_unit(self, text: str) -> str | None:
        """Which unit is called `text`."""
        return self._units.get(text)

    def read(self, text: str) -> tuple[Quantity, ...] | None:
        """The parts of a quantity."""
        found = []
        for match in self._parts.finditer(text):
            if match["fraction"]:
                amount = self._fractions[match["fraction"]]
            else:
                value = self._vocabulary.value(match["number"])
                amount = (value or 0.0) + self._fractions.get(match["more"] or "", 0.0)
            sign = -1 if match["minus"] else 1
            found.append(Quantity(sign * amount, self._units[match["unit"]]))
        return tuple(found) or None

    @cached_property
    def _joined(self) -> str:
        return self._vocabulary.any_of(self._vocabulary.grammar.durations.joined_by)

    @cached_property
    def _part(self) -> str:
        words = self._vocabulary
        minus = words.any_of(words.grammar.sums.signs.get("-", ()))
        number = either([DIGITS, words.any_of(self._one)])
        fraction = words.any_of(self._fractions)
        return (
            rf"(?:(?P<minus>{minus}{words.space})?(?:(?P<fraction>{fraction})|(?P<number>{number})"
            rf"(?:{words.space}(?P<more>{fraction}))?){words.space}(?P<unit>{self.unit}){words.end})"
        )

    @cached_property
    def _parts(self) -> re.Pattern[str]:
        return re.compile(self._part)
