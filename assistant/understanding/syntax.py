"""Templates as regular expressions.

The syntax is hassil's, which Home Assistant's custom sentences are written in: `[a|b]` may be left out, of `(a|b)` one is
said, of `(a;b)` both in any order, `<rule>` is another template, `{slot}` something that is to be understood. hassil
parses it; that its tree is compiled here, and not matched by hassil, is for speed.
"""

import re
from collections.abc import Callable, Mapping
from itertools import permutations

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.parse_expression import parse_sentence

from assistant.language.patterns import folded

BETWEEN_WORDS = r"(?:(?!\w)|(?<!\w)) *"
"""Where a template has a space: not within a word."""

MAX_PERMUTED = 4
"""Items of a permutation; each more multiplies the expression."""

Expand = Callable[[str], str]
"""The regular expression for a name."""


def regex(template: str, *, slot: Expand, rules: Mapping[str, str | re.Pattern[str]], spaced: bool) -> str:
    """The regular expression of `template`, over canonical text.

    `slot` gives that of `{name}`; `rules` has templates by name, and finished expressions. Raises `ValueError` for a
    template that is none, and for an unknown rule.
    """
    return _Compiler(slot, rules, spaced).of_template(template, depth=0)


class _Compiler:
    def __init__(self, slot: Expand, rules: Mapping[str, str | re.Pattern[str]], spaced: bool) -> None:
        self._slot = slot
        self._rules = rules
        self._spaced = spaced

    def of_template(self, template: str, depth: int) -> str:
        if depth > 8:
            raise ValueError(f"rules refer to each other: {template}")
        try:
            tree = parse_sentence(template).expression
        except Exception as error:  # hassil's own errors have no common class
            raise ValueError(f"not a template: {template!r}: {error}") from error
        return self._of(tree, depth)

    def _of(self, item: Expression, depth: int) -> str:
        if isinstance(item, TextChunk):
            return self._text(item.original_text)
        if isinstance(item, ListReference):
            return self._slot(f"{item.list_name}:{item.slot_name}")
        if isinstance(item, RuleReference):
            return self._rule(item.rule_name, depth)
        if isinstance(item, Alternative):
            return "(?:" + "|".join(self._of(each, depth) for each in item.items) + ")"
        if isinstance(item, Permutation):
            return self._permuted([each for each in item.items], depth)
        assert isinstance(item, Group)
        return "".join(self._of(each, depth) for each in item.items)

    def _rule(self, name: str, depth: int) -> str:
        rule = self._rules.get(name)
        if rule is None:
            raise ValueError(f"there is no rule <{name}>")
        return f"(?:{rule.pattern if isinstance(rule, re.Pattern) else self.of_template(rule, depth + 1)})"

    def _permuted(self, items: list[Expression], depth: int) -> str:
        if len(items) > MAX_PERMUTED:
            raise ValueError(f"more than {MAX_PERMUTED} items in any order")
        space = BETWEEN_WORDS if self._spaced else ""
        orders = permutations([self._of(item, depth) for item in items])
        return "(?:" + "|".join(space.join(order) for order in orders) + ")"

    def _text(self, text: str) -> str:
        words = [re.escape(word) for word in re.split(r"\s+", folded(text.replace("’", "'")))]
        return (BETWEEN_WORDS if self._spaced else "").join(words)
