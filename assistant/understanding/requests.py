"""What an utterance asks for: one request or several, without the politeness around them and what was said wrongly."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from assistant.understanding.canonical import Utterance, canonical
from assistant.understanding.entities import Entities
from assistant.understanding.grammar import Grammar
from assistant.understanding.sentences import Match, Sentences
from assistant.understanding.spelling import canonical_phrase
from assistant.understanding.syntax import regex

MAX_REQUESTS = 4
"""In one sentence."""

MAX_AROUND = 4
"""Polite words before a request, and behind it."""

CORRECTED = (
    ("time", "time"),
    ("moment", "moment"),
    ("duration", "duration"),
    ("day", "day"),
    ("percent", "percent"),
    ("number", "duration"),
    ("number", "number"),
)
"""What is corrected in the middle of a sentence, and by what: of a moment with a day, the day stays where only
the time is said again."""

CLAUSE_END = re.compile(r"[,.;:!?，。；：！？、]")
"""What is written between two clauses."""

OWN_WORDS = "text"
"""The slot of what somebody says in their own words, which may be a request that is meant for later."""

Known = Mapping[str, Mapping[str, str]]
"""Values that only now are known, by list and words: the names of timers."""


@dataclass(frozen=True)
class Understanding:
    """Finds the requests of one language."""

    grammar: Grammar
    entities: Entities
    sentences: Sentences
    alone: frozenset[str] = frozenset()
    """Skills whose sentences may be what somebody is to be reminded of: what cannot be done."""
    telling: frozenset[str] = frozenset()
    """Skills that change nothing: a question to them is understood behind a remark as well."""

    def requests(self, text: str, *, topics: Sequence[str] = (), known: Known | None = None) -> list[Match]:
        """What `text` asks for, in its order; nothing where it is no request."""
        utterance = self._corrected(canonical(text, self.grammar))
        whole = self._best(utterance, topics, known)
        if whole is not None and not whole.loose_letters:
            return [whole]
        several = self._several(utterance, topics, known)
        if several and (whole is None or sum(match.loose_letters for match in several) < whole.loose_letters):
            return several
        return [whole] if whole is not None else self._behind_a_remark(utterance, topics, known)

    def _behind_a_remark(self, utterance: Utterance, topics: Sequence[str], known: Known | None) -> list[Match]:
        """The question that the last clause is on its own: "I'm late, what time is it?" What changes something is not
        understood like this; it may be what somebody tells of."""
        words = utterance.words
        breaks = [
            index
            for index in range(1, len(words))
            if CLAUSE_END.search(utterance.written, words[index - 1].end, words[index].start)
        ]
        if not breaks:
            return []
        match = self._best(utterance.part(breaks[-1], len(words)), topics, known)
        return [match] if match is not None and match.skill in self.telling and not match.loose_letters else []

    def utterance(self, text: str) -> Utterance:
        """The canonical form of `text`, corrected, without politeness."""
        *_, bare = self._bared(self._corrected(canonical(text, self.grammar)))
        return bare

    def _best(self, utterance: Utterance, topics: Sequence[str], known: Known | None) -> Match | None:
        """The surest match of the whole; with politeness left out as well, and particles, if that is as sure. Nothing
        is left out of what somebody says in their own words."""
        best = self._surest(self._bared(utterance), topics, known)
        if best is not None and (not best.loose_letters or OWN_WORDS in best.slots):
            return best
        plain = self._plain(utterance)
        if plain == utterance or not plain.words:
            return best
        found = self._surest(self._bared(plain), topics, known)
        return min((each for each in (best, found) if each is not None), key=_looseness, default=None)

    def _surest(self, variants: Iterable[Utterance], topics: Sequence[str], known: Known | None) -> Match | None:
        found: list[Match] = []
        for variant in variants:
            found += self.sentences.matches(variant, topics=topics, lists=known)[:1]
            if found and not found[-1].loose_letters:
                break
        return min(found, key=_looseness, default=None)

    def _several(self, utterance: Utterance, topics: Sequence[str], known: Known | None) -> list[Match]:
        """The requests of a sentence that is several, each of which is one on its own or after the one before it."""
        seen: dict[tuple[str, tuple[str, ...]], Match | None] = {}  # other cuts have the same parts
        for cuts in self._cuts(utterance):
            found: list[Match] = []
            for part in cuts:
                about = (found[-1].skill,) if found else tuple(topics)
                if (key := (part.line, about)) not in seen:
                    seen[key] = self._best(part, about, known)
                match = seen[key]
                if match is None or (match.skill in self.alone and found and OWN_WORDS in found[-1].slots):
                    break
                found.append(match)
            else:
                return found
        return []

    def _cuts(self, utterance: Utterance) -> Iterator[list[Utterance]]:
        """The ways to cut `utterance` at its joiners, the most parts first."""
        joints = list(self._joints(utterance))[: MAX_REQUESTS - 1]
        for chosen in sorted(range(1, 1 << len(joints)), key=lambda mask: -mask.bit_count()):
            parts, begin = [], 0
            for index, (first, last) in enumerate(joints):
                if chosen >> index & 1:
                    parts.append(utterance.part(begin, first))
                    begin = last
            yield [*parts, utterance.part(begin, len(utterance.words))]

    def _joints(self, utterance: Utterance) -> Iterator[tuple[int, int]]:
        for match in self._joiner.finditer(utterance.line):
            first, last = utterance.index_at(match.start()), utterance.index_at(match.end(), after=True)
            if 0 < first < last < len(utterance.words):
                yield first, last

    def _plain(self, utterance: Utterance) -> Utterance:
        """`utterance` without particles."""
        for match in reversed(list(self._particle.finditer(utterance.line))):
            first, last = utterance.index_at(match.start()), utterance.index_at(match.end(), after=True)
            utterance = utterance.without(first, last)
        return utterance

    def _bared(self, utterance: Utterance) -> Iterable[Utterance]:
        """`utterance`, and without what is said before and behind a request."""
        yield utterance
        bare = utterance
        for _ in range(MAX_AROUND):
            if (match := self._before.match(bare.line)) and match.end() < len(bare.line):
                bare = bare.part(bare.index_at(match.end(), after=True), len(bare.words))
        for _ in range(MAX_AROUND):
            if (match := self._after.search(bare.line)) and match.start() > 0:
                bare = bare.part(0, bare.index_at(match.start()))
        if bare != utterance:
            yield bare

    def _corrected(self, utterance: Utterance) -> Utterance:
        """Without what was said wrongly: "10 no 15 minutes"."""
        line = utterance.line
        for marker in self._marker.finditer(line):
            before, behind = line[: marker.start()].rstrip(), line[marker.end() :].lstrip()
            for wrong, right in CORRECTED:
                start = self.entities.start_of_last(wrong, before)
                if start is not None and self.entities.begins_with(right, behind):
                    last = utterance.index_at(marker.end(), after=True)
                    return utterance.without(utterance.index_at(start), last)
        return utterance

    @cached_property
    def _marker(self) -> re.Pattern[str]:
        """What stands between what was said wrongly and what is meant."""
        begin, end = (r"(?<!\w)", r"(?!\w)") if self.grammar.spaced else ("", "")
        phrase = _any_of(sorted(self.grammar.corrections, key=len, reverse=True), self.grammar)
        return re.compile(f"{begin}{phrase}(?: ?{begin}{phrase}{end})*{end}")

    @cached_property
    def _particle(self) -> re.Pattern[str]:
        begin, end = (r"(?<!\w)(?<!\d )", r"(?!\w)") if self.grammar.spaced else (r"(?<!\d)", "")
        return re.compile(begin + _any_of(sorted(self.grammar.particles, key=len, reverse=True), self.grammar) + end)

    @cached_property
    def _joiner(self) -> re.Pattern[str]:
        start, end = (r"(?<!\w)", r"(?!\w)") if self.grammar.spaced else ("", "")
        return re.compile(start + _any_of(sorted(self.grammar.joiners, key=len, reverse=True), self.grammar) + end)

    @cached_property
    def _before(self) -> re.Pattern[str]:
        end = r"(?:(?!\w) *)" if self.grammar.spaced else ""
        return re.compile(_any_of(self.grammar.before, self.grammar) + end)

    @cached_property
    def _after(self) -> re.Pattern[str]:
        start = r"(?<!\w)" if self.grammar.spaced else ""
        return re.compile(rf"{start}{_any_of(self.grammar.after, self.grammar)}$")


def _looseness(match: Match) -> int:
    return match.loose_letters


def _any_of(templates: Sequence[str], grammar: Grammar) -> str:
    """An expression for any of `templates`."""

    each = [regex(canonical_phrase(template, grammar), rules={}, spaced=grammar.spaced) for template in templates]
    return f"(?:{'|'.join(each) or '(?!)'})"
