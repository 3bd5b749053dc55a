"""The sentences of a language: templates in hassil's syntax, matched by hassil, with slots that entities fill.

A template is written once for every way to say a duration: for each utterance, the spans that are durations, times and
so on are found first, and each is a value of the list that `{duration}`, `{time}` … stand for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from hassil.expression import TextChunk
from hassil.intents import Intents, SlotList, TextSlotList, TextSlotValue, WildcardSlotList
from hassil.recognize import RecognizeResult, recognize_all
from msgspec import Struct

from assistant.language.patterns import folded
from assistant.understanding.canonical import Utterance
from assistant.understanding.entities import Entities
from assistant.understanding.spelling import canonical_phrase
from assistant.understanding.values import Value

WILDCARDS = ("text", "name", "item", "items", "list", "place", "expression", "person")
"""Slots that any words fill."""

Lists = Mapping[str, Mapping[str, tuple[str, ...]]]
"""By name of the list: the words for each value."""


class SkillWords(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: the words of a skill in a language."""

    rules: Mapping[str, str] = {}
    """Parts of templates, by name."""
    lists: Lists = {}
    """What fills slots besides entities."""
    sentences: Mapping[str, tuple[str, ...]] = {}
    """Templates by intent."""
    after: Mapping[str, tuple[str, ...]] = {}
    """Templates that are understood only while the skill is what was talked about."""
    replies: Mapping[str, str | tuple[str, ...] | Mapping[str, str]] = {}
    """What the skill says, by name; of several one is chosen."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What fills a slot."""

    value: Value
    text: str
    """As it was written."""


@dataclass(frozen=True)
class Match:
    """An utterance that a template fits."""

    skill: str
    intent: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    loose_letters: int = 0
    """Letters that only a wildcard took: the fewer, the surer."""

    def value(self, name: str) -> Value | None:
        """The value of a slot; None if it is not filled."""
        slot = self.slots.get(name)
        return slot.value if slot is not None else None


class Sentences:
    """The templates of one language."""

    def __init__(self, words: Mapping[str, SkillWords], entities: Entities, *, language: str, spaced: bool) -> None:
        """`words` by skill."""
        self._words = words
        self._entities = entities
        self._language = language
        self._spaced = spaced

    @cached_property
    def _always(self) -> Intents:
        return self._intents({skill: words.sentences for skill, words in self._words.items()})

    @cached_property
    def _after(self) -> Mapping[str, Intents]:
        return {skill: self._intents({skill: words.after}) for skill, words in self._words.items() if words.after}

    def warm(self) -> None:
        """Read the templates now rather than with the first question."""
        for intents in (self._always, *self._after.values()):
            for intent in intents.intents.values():
                for data in intent.data:
                    for sentence in data.sentences:
                        sentence.get_required_clauses(intents.expansion_rules)

    def matches(
        self, utterance: Utterance, *, topics: Sequence[str] = (), lists: Mapping[str, Mapping[str, str]] | None = None
    ) -> list[Match]:
        """What `utterance` may be, the surest first; `topics` are skills that were talked about.

        One in which no word is loose is certain, and the only one. `lists` are values that only now are known, by their
        words: the names of timers.
        """
        slots, found = self._slots(utterance, lists or {}), []
        about = [self._after[topic] for topic in topics if topic in self._after]
        for intents in (*about, self._always):
            for match in self._found(intents, utterance, slots):
                if not match.loose_letters:
                    return [match]
                found.append(match)
        return sorted(found, key=lambda match: match.loose_letters)

    def _found(self, intents: Intents, utterance: Utterance, slots: Mapping[str, SlotList]) -> Iterable[Match]:
        for result in recognize_all(utterance.line, intents, slot_lists=dict(slots), language=self._language):
            yield _match(result, utterance)

    def _slots(self, utterance: Utterance, lists: Mapping[str, Mapping[str, str]]) -> dict[str, SlotList]:
        slots: dict[str, SlotList] = {name: WildcardSlotList(name=name) for name in WILDCARDS}
        for kind, spans in self._entities.spans(utterance).items():
            slots[kind] = _list(kind, spans)
        for name, values in lists.items():
            slots[name] = _list(name, {folded(text): value for text, value in values.items()})
        return slots

    def _intents(self, templates: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Intents:
        """hassil's form of `templates`, which are by skill and intent."""
        intents = {
            f"{skill}.{intent}": {"data": [{"sentences": [self._folded(sentence) for sentence in sentences]}]}
            for skill, by_intent in templates.items()
            for intent, sentences in by_intent.items()
        }
        rules = {name: self._folded(rule) for words in self._words.values() for name, rule in words.rules.items()}
        lists = {
            name: {
                "values": [
                    {"in": self._folded(word), "out": value} for value, words in values.items() for word in words
                ]
            }
            for words in self._words.values()
            for name, values in words.lists.items()
        }
        read = Intents.from_dict(
            {"language": self._language, "intents": intents, "expansion_rules": rules, "lists": lists}
        )
        read.settings.ignore_whitespace = not self._spaced
        return read

    def _folded(self, template: str) -> str:
        return canonical_phrase(template, self._entities.grammar)


def _list(name: str, values: Mapping[str, Value]) -> TextSlotList:
    return TextSlotList(
        name=name,
        values=[TextSlotValue(text_in=TextChunk(text=text), value_out=value) for text, value in values.items()],
    )


def _match(result: RecognizeResult, utterance: Utterance) -> Match:
    skill, _, intent = result.intent.name.partition(".")
    slots, loose = {}, 0
    for name, entity in result.entities.items():
        written = utterance.original(*entity.text_span) if entity.text_span else entity.text.strip()
        loose += len(entity.text.strip()) if entity.is_wildcard else 0
        slots[name] = Slot(written if entity.is_wildcard else entity.value, written)
    return Match(skill, intent, slots, loose)
