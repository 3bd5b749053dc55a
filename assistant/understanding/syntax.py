"""Phrases as regular expressions: what an entity looks like.

The syntax is hassil's, which Home Assistant's custom sentences are written in: `[a|b]` may be left out, of `(a|b)` one
is said, of `(a;b)` both in any order, `<rule>` is something else. hassil parses it. Entities are searched for in the
middle of an utterance, which hassil's own matcher, for whole sentences, does not do.
"""

import re
from collections.abc import Mapping
from itertools import permutations

from hassil.expression import Alternative, Expression, Group, Permutation, RuleReference, TextChunk
from hassil.parse_expression import parse_sentence

from assistant.language.patterns import folded

BETWEEN_WORDS = r"(?:(?!\w)|(?<!\w)) *"
"""Where a phrase has a space: not within a word."""


def regex(phrase: str, *, rules: Mapping[str, re.Pattern[str]], spaced: bool) -> str:
    """The regular expression of `phrase`, over canonical text; `rules` are expressions for what stands in `<>`.

    Raises `ValueError` for a phrase that is none, and for an unknown rule.
    """
    try:
        tree = parse_sentence(phrase).expression
    except Exception as error:  # hassil's own errors have no common class
        raise ValueError(f"not a phrase: {phrase!r}: {error}") from error
    return _expression(tree, rules, BETWEEN_WORDS if spaced else "")


def _expression(item: Expression, rules: Mapping[str, re.Pattern[str]], space: str) -> str:
    match item:
        case TextChunk():
            return space.join(re.escape(word) for word in re.split(r"\s+", folded(item.original_text)))
        case RuleReference() if item.rule_name in rules:
            return f"(?:{rules[item.rule_name].pattern})"
        case Alternative():
            return "(?:" + "|".join(_expression(each, rules, space) for each in item.items) + ")"
        case Permutation():
            orders = permutations([_expression(each, rules, space) for each in item.items])
            return "(?:" + "|".join(space.join(order) for order in orders) + ")"
        case Group():
            return "".join(_expression(each, rules, space) for each in item.items)
    raise ValueError(f"nothing in a phrase may be {item}")
