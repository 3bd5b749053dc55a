"""Number words as digits."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.understanding.grammar import Grammar

Found = tuple[int, int, str]
"""First and last (exclusive) word of a number, and its digits."""


@dataclass(frozen=True, slots=True)
class _Token:
    """As text2num wants a word."""

    written: str
    other: bool

    def text(self) -> str:
        return self.written

    def nt_separated(self, previous: "_Token") -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return self.other


def with_digits(words: Sequence[str], grammar: Grammar) -> list[Found]:
    """The numbers among `words`, in order: those of several words, and single ones that are hardly anything else."""
    if not grammar.numerals:
        return []
    if grammar.numerals == "zh":
        return _chinese(words)
    from text_to_num import find_numbers  # type: ignore[import-untyped]  # 3 ms, for who speaks a language that has numerals

    more, never = grammar.more_numbers, frozenset(grammar.not_numbers)
    tokens = [_Token(word, word in never or word in more) for word in words]
    found = [
        (number.start, number.end, number.text.replace(",", "."))
        for number in find_numbers(tokens, grammar.numerals, 0)
        if not number.is_ordinal and not _is_lone(words[number.start : number.end], grammar)
    ]
    found += [(index, index + 1, more[word]) for index, word in enumerate(words) if word in more]
    return sorted(found)


def _is_lone(words: Sequence[str], grammar: Grammar) -> bool:
    return len(words) == 1 and (words[0] in grammar.lone or words[0][0].isdigit())


DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
SCALES = {"十": 10, "百": 100, "千": 1000}
LARGE = {"万": 10_000, "亿": 100_000_000}
POINT = "点"


def _chinese(characters: Sequence[str]) -> list[Found]:
    """Runs of numeral characters. 点 is a decimal point only between digits that are said one by one: 三点五."""
    found, index = [], 0
    known = DIGITS.keys() | SCALES.keys() | LARGE.keys()
    while index < len(characters):
        end = index
        while end < len(characters) and characters[end] in known:
            end += 1
        if end > index:
            value = chinese_value(characters[index:end])
            if value is not None:
                found.append((index, end, str(value)))
        index = max(end, index + 1)
    return found


def chinese_value(characters: Sequence[str]) -> int | None:
    """The whole number that `characters` say; None if they say none."""
    if all(character in DIGITS for character in characters):
        return int("".join(str(DIGITS[character]) for character in characters))
    total = section = 0
    digit: int | None = None
    for character in characters:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character in SCALES:
            section += (1 if digit is None else digit) * SCALES[character]
            digit = None
        else:
            total = (total + section + (digit or 0)) * LARGE[character]
            section, digit = 0, None
    return total + section + (digit or 0)
