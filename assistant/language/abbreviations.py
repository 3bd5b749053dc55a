"""Full stops that end no sentence: the clause cutter must not cut there, and the synthesiser must not pause."""

import re

from assistant.language.tables import tables_of

DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
"""U.S., e.g., z.B."""


def is_abbreviation(word: str, following: str, language: str) -> bool:
    """Whether the full stop at the end of `word` ends no sentence.

    `following` is the next character that is not a space. When in doubt, it does not: a pause in the wrong place
    disturbs more than a missing one.
    """
    known = tables_of(language).abbreviations
    stem = word.lstrip("([{\"'“‘«„¿¡").rstrip(".").lower()
    if stem.isdigit():
        return known.ordinals_with_stop and len(stem) <= 2
    if stem in known.before_numbers:
        return following.isdigit()
    if stem in known.sometimes_last:
        return not following.isupper()
    is_initial = len(stem) == 1 and stem.isalpha()
    return is_initial or stem in known.always or DOTTED.fullmatch(stem) is not None


def depends_on_following(word: str, language: str) -> bool:
    """Whether the answer of `is_abbreviation` depends on what follows `word`."""
    return len({is_abbreviation(word, following, language) for following in "Aa1"}) > 1
