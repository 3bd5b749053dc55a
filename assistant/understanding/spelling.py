"""The spelling of canonical text, which the phrases and templates of the data files are brought into as well."""

import re

from assistant.language.patterns import folded
from assistant.understanding.grammar import Grammar

HYPHEN = re.compile(r"(?<=[^\W_])-(?=[^\W_])")
"""Between two parts of a word, which are two words."""


def canonical_phrase(text: str, grammar: Grammar) -> str:
    """`text` of a data file as canonical text has it, with the signs of a template."""
    text = HYPHEN.sub(" ", folded(text.replace("’", "'")))
    if grammar.elided:
        text = elisions(grammar).sub(r"\1 ", text)
    return text


def elisions(grammar: Grammar) -> re.Pattern[str]:
    """A word that is written together with the next one, in a group."""
    words = "|".join(re.escape(word) for word in grammar.elided)
    return re.compile(rf"(?<![\w'])({words})(?=\w)")
