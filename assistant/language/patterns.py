"""Patterns of utterances: `[a|b]` may be left out, of `(a|b)` one is said, `*` is any words or none. Pure; by language.

Case, accents, punctuation and hyphens are ignored, since recognition writes "que hora es" as well. A word that begins
with `~` may be the last part of a longer one: `~licht` is also "Küchenlicht".
"""

import re
import unicodedata
from functools import cache

ACCENTS = re.compile("[\u0300-\u036f]")
"""Combining marks of Latin letters."""

PART = re.compile(r"[\[\]()|*]|[^\s\[\]()|*]+")

MAX_WORDS = 60
MAX_LETTERS = 400
"""What is longer is no utterance that a pattern was written for, and the time to match grows with its square."""


def words_of(text: str) -> list[str]:
    """Split `text` into lower-case words without accents, punctuation and hyphens."""
    words = re.findall(r"[\w']+", folded(text).replace("-", " ").replace("’", "'"))
    return [bare for word in words if (bare := word.strip("'"))]


def folded(text: str) -> str:
    """Return `text` in lower case and without accents."""
    return unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFD", text.lower())))


def fits(words: list[str], patterns: tuple[str, ...], *, spaced: bool) -> bool:
    """Whether the whole of `words`, as `words_of` returns them, is what one of `patterns` says.

    `spaced`: whether the language has spaces between words.
    """
    space = " " if spaced else ""
    line = _line(words, space)
    if not patterns or len(words) > MAX_WORDS or len(line) > MAX_LETTERS:
        return False
    return _compiled(patterns, space).fullmatch(line) is not None


@cache
def _compiled(patterns: tuple[str, ...], space: str) -> re.Pattern[str]:
    """Compile the patterns to one expression over what `_line` returns."""
    return re.compile("|".join(_expression(pattern, space) for pattern in patterns))


def _expression(pattern: str, space: str) -> str:
    signs = {"[": "(?:", "]": ")?", "(": "(?:", ")": ")", "|": "|", "*": r"(?:\S+ )*?" if space else ".*?"}
    return "".join(signs[part] if part in signs else _word(part, space) for part in PART.findall(pattern))


def _word(part: str, space: str) -> str:
    within = r"\S*" if part.startswith("~") else ""
    return within + re.escape(_line(words_of(part), space))


def _line(words: list[str], space: str) -> str:
    """Join the words, each with its space behind it, so that an optional one takes its space along."""
    return "".join(word + space for word in words)
