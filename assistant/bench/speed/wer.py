"""Word error rate: how many words a transcript gets wrong."""

import re
import unicodedata
from collections.abc import Iterable

import jiwer

from assistant.language.tables import tables_of

_ONES = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * value
    for value, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
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
    text = re.sub("['\u2019`]", "", text)
    text = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    if not tables_of(language).spaces_between_words:
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
        elif word and ((part % 100 == 0 and part + total > 0) or (part % 100 in _TENS.values() and 0 < small < 10)):
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


def word_error_rate(reference: str, hypothesis: str, language: str) -> float:
    """Substitutions, deletions and insertions over the words of `reference`; 0 is perfect, above 1 is possible."""
    return corpus_error_rate([(reference, hypothesis, language)])


def corpus_error_rate(transcripts: Iterable[tuple[str, str, str]]) -> float:
    """The same over many (reference, hypothesis, language): all errors over all words.

    Without a word in any reference it is 0 when nothing was recognised and 1 otherwise.
    """
    pairs = [(normalise(said, language), normalise(heard, language)) for said, heard, language in transcripts]
    spoken = [(said, heard) for said, heard in pairs if said]
    invented = sum(len(heard.split()) for said, heard in pairs if not said)
    if not spoken:
        return 1.0 if invented else 0.0
    counted = jiwer.process_words([said for said, _ in spoken], [heard for _, heard in spoken])
    words = counted.hits + counted.substitutions + counted.deletions
    return float((counted.substitutions + counted.deletions + counted.insertions + invented) / words)
