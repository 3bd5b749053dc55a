"""Word error rate, and what the trimmed window of recognition costs in words against Whisper's whole 30 s."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import jiwer

SPACELESS = frozenset({"zh", "yue", "ja", "th", "lo", "my", "km"})

_ONES = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
_TENS = {
    word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_SIGNS = {"%": " percent ", "&": " and ", "+": " plus ", "°": " degrees "}


def normalise(text: str, language: str) -> str:
    """The words of `text`, separated by single spaces, as far as their spelling matters to the rate.

    Case, punctuation and apostrophes are gone. In languages without spaces every character is a word. English numbers
    are digits ("ten" and "10", "twenty twenty" and "2020", "2nd" and "2" are the same).
    """
    text = unicodedata.normalize("NFKC", text).lower()
    for sign, word in _SIGNS.items() if language == "en" else ():
        text = text.replace(sign, word)
    text = re.sub(r"(?<=\d)[,.](?=\d{3}\b)", "", text)
    text = re.sub(r"['’`]", "", text)
    text = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    if language in SPACELESS:
        return " ".join("".join(text.split()))
    words = text.split()
    return " ".join(_digits(words) if language == "en" else words)


def _digits(words: list[str]) -> list[str]:
    """Replace runs of English number words by digits and cut the endings of ordinals written in digits."""
    out: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word in _ONES or word in _TENS or (run and word in _SCALES):
            run.append(word)
            continue
        out += _numbers(run)
        run = []
        if word:
            out.append(re.sub(r"^(\d+)(st|nd|rd|th)$", r"\1", word))
    return out


def _numbers(run: list[str]) -> list[str]:
    """The numbers that a run of number words says, as digits.

    A number grows by a unit after tens ("twenty five") and by scales ("two hundred"); two pairs of digits are a year
    ("nineteen eighty four"). Anything else begins a new number, as in a telephone number read digit by digit.
    """
    numbers: list[int] = []
    total, part = 0, -1
    for word in [*run, ""]:
        small = _ONES.get(word, _TENS.get(word, -1))
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if word != "hundred":
                total, part = total + part, 0
        elif part < 0:
            part = small
        elif word and (part % 100 == 0 and part + total > 0 or (part % 100 in _TENS.values() and 0 < small < 10)):
            part += small
        else:
            numbers.append(total + part)
            total, part = 0, small
    return _years(numbers)


def _years(numbers: list[int]) -> list[str]:
    out: list[str] = []
    for number in numbers:
        if out and len(out[-1]) == 2 and 10 <= number <= 99:
            out[-1] += str(number)
        else:
            out.append(str(number))
    return out
