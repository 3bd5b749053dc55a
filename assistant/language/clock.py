"""The time of day: whether an utterance asks for it, and the sentence that tells it. Pure; by language."""

import re
import unicodedata
from datetime import time
from functools import cache

from assistant.language.remarks import polite_span
from assistant.language.tables import tables_of

ACCENTS = re.compile("[\u0300-\u036f]")
"""Combining marks of Latin letters. They are ignored, since recognition writes "que hora es" as well."""

PART_OF_PATTERN = re.compile(r"[\[\]()|]|[^\s\[\]()|]+")


def asks_time(text: str, language: str) -> bool:
    """Whether the whole of `text`, but for polite words around it, asks for the time here and now.

    "What time is it in Tokyo?" does not.
    """
    tables = tables_of(language)
    if not tables.clock.questions:
        return False
    space = " " if tables.spaces_between_words else ""
    question = _question(tables.clock.questions, space)
    words = _words(text)
    first, last = polite_span(words, frozenset(map(_folded, tables.remarks.polite)))
    spans = {(start, end) for start in (0, first) for end in (last, len(words))}
    return any(question.fullmatch(_line(words[start:end], space)) for start, end in spans)


def spoken_time(moment: time, language: str) -> str | None:
    """Return the sentence that tells the time to the minute; None if the language has none."""
    clock = tables_of(language).clock
    if not clock.hours:
        return None
    minutes = clock.on_the_hour
    if moment.minute:
        minute = clock.minute_words.get(str(moment.minute), moment.minute)
        minutes = clock.minutes.format(minute=minute)
    return clock.hours[moment.hour].format(minutes=minutes)


@cache
def _question(patterns: tuple[str, ...], space: str) -> re.Pattern[str]:
    """Compile the patterns to one expression over what `_line` returns."""
    return re.compile("|".join(_expression(pattern, space) for pattern in patterns))


def _expression(pattern: str, space: str) -> str:
    signs = {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|"}
    parts = PART_OF_PATTERN.findall(pattern)
    return "".join(signs[part] if part in signs else re.escape(_line(_words(part), space)) for part in parts)


def _line(words: list[str], space: str) -> str:
    """Join the words, each with its space behind it, so that an optional one takes its space along."""
    return "".join(word + space for word in words)


def _words(text: str) -> list[str]:
    """Split `text` into lower-case words without accents, punctuation and hyphens."""
    words = re.findall(r"[\w']+", _folded(text).replace("-", " ").replace("’", "'"))
    return [bare for word in words if (bare := word.strip("'"))]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFD", text.lower())))
