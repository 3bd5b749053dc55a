"""What the readers of entities share: expressions of the words of a language."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.language.patterns import folded
from assistant.understanding.grammar import Grammar
from assistant.understanding.spelling import canonical_phrase
from assistant.understanding.syntax import BETWEEN_WORDS, regex

NEVER = "(?!)"
"""An expression that fits nothing."""

DIGITS = r"\d+(?:[.,]\d+)*"


@dataclass(frozen=True)
class Vocabulary:
    """Makes expressions over canonical text in the language of `grammar`."""

    grammar: Grammar

    @property
    def space(self) -> str:
        """Between two words."""
        return BETWEEN_WORDS if self.grammar.spaced else ""

    @property
    def begin(self) -> str:
        """Where a word begins."""
        return r"(?<!\w)" if self.grammar.spaced else ""

    @property
    def end(self) -> str:
        """Where a word ends."""
        return r"(?!\w)" if self.grammar.spaced else ""

    def any_of(self, words: Iterable[str]) -> str:
        """Any of the phrases `words`, the longest first."""
        forms = sorted({self.spelled(word) for word in words}, key=len, reverse=True)
        return either(self.space.join(re.escape(word) for word in form.split()) for form in forms)

    def spelled(self, phrase: str) -> str:
        """A phrase of the data file, in canonical spelling."""
        return canonical_phrase(phrase, self.grammar)

    def around(self, template: str, **rules: str) -> str:
        """`template`, with expressions for its rules."""
        return regex(
            self.spelled(template),
            rules={name: re.compile(expression) for name, expression in rules.items()},
            spaced=self.grammar.spaced,
        )

    def joined(self, expression: str, most: int) -> str:
        """One of `expression`, or up to `most` with an "and" between them, or nothing."""
        space = self.space
        between = rf"{space}(?:{self.any_of(self.grammar.durations.joined_by)}{space})?"
        return rf"(?:{expression}(?:{between}{expression}){{0,{most - 1}}})"

    @cached_property
    def number(self) -> str:
        """A number in digits, or a word that is one where a number has to be."""
        return either([DIGITS, self.any_of(self.grammar.lone)])

    def value(self, number: str) -> float | None:
        """What `number`, of that form, is."""
        return number_of(number, self.grammar.decimal) if number[:1].isdigit() else 1.0


def either(expressions: Iterable[str]) -> str:
    """Any of some expressions."""
    return rf"(?:{'|'.join(expressions) or NEVER})"


def without_groups(expression: str) -> str:
    """`expression` without names, so that it can stand several times in another."""
    return re.sub(r"\(\?P<\w+>", "(?:", expression)


def index_of(forms: Sequence[Sequence[str]], text: str) -> int:
    """The number of the row in which `text` stands. Raises `StopIteration` where it stands in none."""
    return next(index for index, words in enumerate(forms) if text in {folded(word) for word in words})


def number_of(digits: str, decimal: str) -> float | None:
    """The number that is written as `digits`: `decimal` separates its decimals, the other sign its thousands.

    None for what is no number, such as 1.2.3.
    """
    other = "," if decimal == "." else "."
    if decimal not in digits and digits.count(other) == 1:
        whole, part = digits.split(other)
        # Where a comma separates thousands, "1,000" is one; "1,5" is a decimal anywhere.
        return float(whole + part) if len(part) == 3 and whole != "0" else float(f"{whole}.{part}")
    return float(digits.replace(other, "").replace(decimal, ".")) if digits.count(decimal) <= 1 else None
