"""Word error rate: the share of a reference's words that a transcript gets wrong."""

import re
import unicodedata
from collections.abc import Iterable
from types import ModuleType

from assistant.errors import AssistantError, Code
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
_SYMBOLS = {"%": " percent ", "&": " and ", "+": " plus ", "°": " degrees "}


def normalise(text: str, language: str) -> str:
    """Return the words of `text`, separated by single spaces, without differences in spelling that are not errors.

    Case, punctuation and apostrophes are removed. In languages without spaces every character is a word. English
    numbers become digits ("ten" and "10", "twenty twenty" and "2020", "2nd" and "2" are equal).
    """
    text = unicodedata.normalize("NFKC", text).lower()
    for symbol, word in _SYMBOLS.items() if language == "en" else ():
        text = text.replace(symbol, word)
    text = re.sub(r"(?<=\d)[,.](?=\d{3}\b)", "", text)
    text = re.sub("['\u2019`]", "", text)
    text = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    if not tables_of(language).spaces_between_words:
        return " ".join("".join(text.split()))
    words = text.split()
    return " ".join(_digits(words) if language == "en" else words)


def _digits(words: list[str]) -> list[str]:
    """Replace English number words with digits, and strip the endings of ordinals written in digits."""
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
    """Return the numbers in a run of number words, as digits.

    A unit after tens ("twenty five") and a scale ("two hundred") extend a number; two pairs of digits are a year
    ("nineteen eighty four"). Anything else starts a new number, as in a telephone number read digit by digit.
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
    """Join each two-digit number with the one before it if that has two digits as well: 19, 84 is 1984."""
    out: list[str] = []
    for number in numbers:
        if out and len(out[-1]) == 2 and 10 <= number <= 99:
            out[-1] += str(number)
        else:
            out.append(str(number))
    return out


def require_jiwer() -> ModuleType:
    """Import jiwer, which only the benchmark needs. Raises `AssistantError` (`bench.library_missing`)."""
    try:
        import jiwer
    except ImportError as error:
        raise AssistantError(
            Code.BENCH_LIBRARY_MISSING,
            "word error rates need the library jiwer; `pip install 'assistant[bench]'`",
        ) from error
    library: ModuleType = jiwer
    return library


def word_error_rate(reference: str, hypothesis: str, language: str) -> float:
    """Return substitutions, deletions and insertions over the words of `reference`: 0 is perfect, above 1 is possible.

    Raises `AssistantError` (`bench.library_missing`).
    """
    return corpus_error_rate([(reference, hypothesis, language)])


def corpus_error_rate(transcripts: Iterable[tuple[str, str, str]]) -> float:
    """Return the total errors over the total words of many (reference, hypothesis, language).

    If every reference is empty, the rate is 0 when nothing was recognised and 1 otherwise. Raises `AssistantError`
    (`bench.library_missing`).
    """
    pairs = [(normalise(reference, language), normalise(text, language)) for reference, text, language in transcripts]
    spoken = [(reference, hypothesis) for reference, hypothesis in pairs if reference]
    invented = sum(len(hypothesis.split()) for reference, hypothesis in pairs if not reference)
    if not spoken:
        return 1.0 if invented else 0.0
    references, hypotheses = ([pair[side] for pair in spoken] for side in (0, 1))
    counts = require_jiwer().process_words(references, hypotheses)
    words = counts.hits + counts.substitutions + counts.deletions
    return float((counts.substitutions + counts.deletions + counts.insertions + invented) / words)
