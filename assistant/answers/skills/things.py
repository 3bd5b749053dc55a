"""Several things that were named in one breath."""

import re

from assistant.answers.skills.speech import Speech


def things_in(text: str, speech: Speech) -> list[str]:
    """The things in "milk, two eggs and some bread", each once, without articles; a pronoun is none."""
    grammar = speech.grammar
    joiners = "|".join(re.escape(word) for word in sorted(grammar.between_things, key=len, reverse=True))
    between = rf"\s*[,;]\s*|\s+(?:{joiners})\s+" if grammar.spaced else rf"[,;，、；]|(?:{joiners})"
    parts = re.split(between, text, flags=re.IGNORECASE)
    found = [speech.without_articles(_without_joiner(part, joiners).strip(" .!?,")) for part in parts]
    return list(dict.fromkeys(thing for thing in found if thing and thing.lower() not in grammar.pronouns))


def _without_joiner(part: str, joiners: str) -> str:
    """`part` without an "and" at its beginning: what stands behind a comma."""
    return re.sub(rf"^\s*(?:{joiners})\s+", "", part, flags=re.IGNORECASE)
