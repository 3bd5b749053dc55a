"""The time of day: whether an utterance asks for it, and the sentence that tells it. Pure; by language."""

from datetime import time

from assistant.language.patterns import fits, folded, words_of
from assistant.language.remarks import polite_span
from assistant.language.tables import tables_of


def asks_time(text: str, language: str) -> bool:
    """Whether the whole of `text`, but for polite words around it, asks for the time here and now.

    "What time is it in Tokyo?" does not.
    """
    tables = tables_of(language)
    if not tables.clock.questions:
        return False
    words = words_of(text)
    first, last = polite_span(words, frozenset(map(folded, tables.remarks.polite)))
    spans = {(start, end) for start in (0, first) for end in (last, len(words))}
    spaced = tables.spaces_between_words
    return any(fits(words[start:end], tables.clock.questions, spaced=spaced) for start, end in spans)


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
