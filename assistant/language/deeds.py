"""Deeds: whether an utterance asks for something to be done, rather than told. Pure; by language.

A language model cannot do any of it, and small ones claim that they have.
"""

from functools import cache

from assistant.language.patterns import fits, folded, words_of
from assistant.language.remarks import polite_span
from assistant.language.tables import Deeds, tables_of


def asks_deed(text: str, language: str) -> bool:
    """Whether `text` asks for a deed: a light, a timer, music, a message. False in a language without patterns.

    What is to be written or told is none: "write a poem about a light".
    """
    tables = tables_of(language)
    if not tables.deeds.requests:
        return False
    words = words_of(text)
    first, last = polite_span(words, frozenset(map(folded, tables.remarks.polite)))
    words, spaced = words[first:last], tables.spaces_between_words
    is_question = fits(words, tables.deeds.questions, spaced=spaced)
    return not is_question and fits(words, _patterns(tables.deeds), spaced=spaced)


@cache
def _patterns(deeds: Deeds) -> tuple[str, ...]:
    thing = f"({'|'.join(deeds.things)})"
    return tuple(f"[{deeds.wish}] {request}".replace("<thing>", thing) for request in deeds.requests)
