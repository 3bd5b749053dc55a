"""Full stops that end no sentence: the clause cutter must not cut there, and the synthesiser must not pause."""

import re

DOTTED = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
"""U.S., e.g., z.B."""

ALWAYS = {
    "en": "mr mrs ms mx dr prof st mt rev hon gov gen col capt lt sgt sen rep vs eg ie approx dept est ph.d",
    "de": "hr fr dr prof st bzw ca evtl ggf inkl exkl vgl sog geb tel str mio mrd nr abs art bspw zb dh",
    "fr": "mm mme mlle dr pr me st ste av bd env p.ex",
    "es": "sr sra srta dr dra dña prof ud uds ee uu ej pág núm av",
}
"""Words that another one always follows, by language."""

BEFORE_NUMBERS = {
    "en": "no nos vol fig ch sec pp jan feb mar apr jun jul aug sep sept oct nov dec",
    "de": "s bd kap jan feb apr jun jul aug sep sept okt nov dez",
    "fr": "art vol chap fig janv févr avr juil sept oct nov déc",
    "es": "art vol cap fig ene feb mar abr jun jul ago sept oct nov dic",
}
"""Abbreviations in front of a number, words of their own elsewhere ("No.")."""

SOMETIMES_LAST = {
    "en": "etc a.m p.m am pm inc ltd co corp jr sr ft oz lb min max",
    "de": "etc usw u.a u.ä o.ä min max",
    "fr": "etc",
    "es": "etc a.m p.m",
}
"""These may close a sentence, and do when a capital follows."""

ORDINALS_WITH_STOP = frozenset({"cs", "da", "de", "et", "fi", "hr", "hu", "lv", "nb", "no", "pl", "sk", "sl", "sr"})
"""Languages that write "3." for "third". A number of at most two digits, a day or a century, is taken for one."""


def _words(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {language: frozenset(words.split()) for language, words in table.items()}


_ALWAYS, _BEFORE_NUMBERS, _SOMETIMES_LAST = _words(ALWAYS), _words(BEFORE_NUMBERS), _words(SOMETIMES_LAST)
_NONE: frozenset[str] = frozenset()


def is_abbreviation(word: str, following: str, language: str) -> bool:
    """Whether the full stop at the end of `word` ends no sentence.

    `following` is the next character that is not a space. In doubt the answer is yes: a pause in the wrong place
    disturbs more than one that is missing.
    """
    stem = word.lstrip("([{\"'“‘«„¿¡").rstrip(".").lower()
    if stem.isdigit():
        return language in ORDINALS_WITH_STOP and len(stem) <= 2
    if stem in _BEFORE_NUMBERS.get(language, _NONE):
        return following.isdigit()
    if stem in _SOMETIMES_LAST.get(language, _NONE):
        return not following.isupper()
    is_initial = len(stem) == 1 and stem.isalpha()
    return is_initial or stem in _ALWAYS.get(language, _NONE) or DOTTED.fullmatch(stem) is not None


def depends_on_following(word: str, language: str) -> bool:
    """Whether `is_abbreviation` needs to see what follows `word`."""
    return len({is_abbreviation(word, following, language) for following in "Aa1"}) > 1
