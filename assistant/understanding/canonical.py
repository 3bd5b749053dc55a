"""What a recogniser writes and what a person types, in one form, which the templates are matched against.

Lower case, no accents, no punctuation but inside numbers, number words as digits, without hesitation and without words
that were said twice. Each word remembers where it stood, so that a name is given back as it was written.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.language.patterns import folded
from assistant.understanding.grammar import Grammar
from assistant.understanding.numerals import with_digits

MAX_LETTERS = 400
"""What is longer is dictation. The time to match a template grows with the length."""

WORD = re.compile(
    r"\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?\b|\d+(?:[.,:]\d+)*"
    r"|[^\W\d_]+(?:['’][^\W\d_]+)*['’]?"
    r"|[%+*/×÷^=°√€$£¥]|(?<!\w)[-−](?=\d)"
)
"""A number with its signs, a word, or a sign that is spoken."""

CHARACTER = re.compile(r"\d+(?:[.,:/]\d+)*|[a-zA-Z]+|[^\W\d_]|[%+*/×÷^=°√€$£¥-]")
"""The same where no space stands between words: a word is one character."""

MERIDIEM = re.compile(r"\b([ap])\. ?m\b\.?", re.IGNORECASE)

MAX_SAID_TWICE = 4
"""Words that are said twice in a row at most: "set a timer set a timer for"."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an utterance."""

    text: str
    """Canonical."""
    start: int
    end: int
    """Where it stands in what was written; `end` is exclusive."""


@dataclass(frozen=True)
class Utterance:
    """The words of something that was said."""

    written: str
    """As it was recognised or typed."""
    words: tuple[Word, ...]
    spaced: bool = True

    @property
    def line(self) -> str:
        """The canonical text."""
        return self._joined(word.text for word in self.words)

    def part(self, first: int, last: int) -> "Utterance":
        """The words from `first` to `last` (exclusive)."""
        return replace(self, words=self.words[first:last])

    def without(self, first: int, last: int) -> "Utterance":
        """All words but those from `first` to `last` (exclusive)."""
        return replace(self, words=self.words[:first] + self.words[last:])

    def original(self, start: int, end: int) -> str:
        """What was written where the characters from `start` to `end` of `line` are."""
        first, last = self.index_at(start), self.index_at(end, after=True)
        if first >= last:
            return ""
        parts = [""]
        for index, word in enumerate(self.words[first:last], first):
            gap = self.written[self.words[index - 1].end : word.start] if index > first else ""
            has_words = any(letter.isalnum() for letter in gap)  # they were left out, as fillers are
            parts.append(
                (" " if has_words and self.spaced else "" if has_words else gap) + self.written[word.start : word.end]
            )
        return "".join(parts)

    def index_at(self, position: int, *, after: bool = False) -> int:
        """The number of the word at `position` of `line`; `after`, of the first word that begins behind it."""
        at = 0
        for index, word in enumerate(self.words):
            if (at >= position) if after else (position < at + len(word.text)):
                return index
            at += len(word.text) + self.spaced
        return len(self.words)

    def _joined(self, texts: Iterable[str]) -> str:
        return (" " if self.spaced else "").join(texts)


def canonical(text: str, grammar: Grammar) -> Utterance:
    """The canonical form of `text`, in the language of `grammar`."""
    utterance = Utterance(text, tuple(_split(text[:MAX_LETTERS], grammar)), grammar.spaced)
    steps: tuple[Callable[[Utterance, Grammar], Utterance], ...] = (
        _without_fillers,
        _in_digits,
        _heard_right,
        _said_once,
    )
    for step in steps:
        utterance = step(utterance, grammar)
    return utterance


def _split(text: str, grammar: Grammar) -> Iterable[Word]:
    text = MERIDIEM.sub(lambda match: (match[1] + "m").ljust(len(match[0])), text)
    pattern = WORD if grammar.spaced else CHARACTER
    for match in pattern.finditer(text):
        yield from _parts(Word(match[0].lower().replace("’", "'"), match.start(), match.end()), grammar)


def _parts(word: Word, grammar: Grammar) -> Iterable[Word]:
    """`word`, or the elided word that it begins with, and the rest."""
    first = next((each for each in grammar.elided if word.text.startswith(each) and len(word.text) > len(each)), "")
    if first:
        yield Word(first, word.start, word.start + len(first))
        yield from _parts(Word(word.text[len(first) :], word.start + len(first), word.end), grammar)
    else:
        yield word


def _without_fillers(utterance: Utterance, grammar: Grammar) -> Utterance:
    words = tuple(word for word in utterance.words if word.text not in grammar.fillers)
    return replace(utterance, words=words)


def _in_digits(utterance: Utterance, grammar: Grammar) -> Utterance:
    """Number words as digits, and then no accents: number words are told by them."""
    words = list(utterance.words)
    for first, last, digits in reversed(with_digits([word.text for word in words], grammar)):
        words[first:last] = [Word(digits, words[first].start, words[last - 1].end)]
    return replace(utterance, words=tuple(replace(word, text=folded(word.text)) for word in words))


def _heard_right(utterance: Utterance, grammar: Grammar) -> Utterance:
    """Words that sound like others, as these: "a timer four 10 minutes"."""
    for wrong, right in grammar.mishearings:
        for match in reversed(list(re.finditer(wrong, utterance.line))):
            utterance = _replaced(utterance, match, match.expand(right))
    return utterance


def _replaced(utterance: Utterance, match: re.Match[str], text: str) -> Utterance:
    """`utterance` with `text` for the words that `match` found in its line."""
    first, last = utterance.index_at(match.start()), utterance.index_at(match.end(), after=True)
    spoken = utterance.words[first:last]
    if not spoken:
        return utterance
    texts = text.split() if utterance.spaced else list(text)
    new = tuple(Word(each, spoken[0].start, spoken[-1].end) for each in texts)
    return replace(utterance, words=utterance.words[:first] + new + utterance.words[last:])


def _said_once(utterance: Utterance, grammar: Grammar) -> Utterance:
    """What is said twice in a row counts once; numbers may be meant twice."""
    words = list(utterance.words)
    index = 0
    while index < len(words):
        length = next((size for size in range(MAX_SAID_TWICE, 0, -1) if _repeats(words, index, size)), 0)
        if length:
            del words[index : index + length]
        else:
            index += 1
    return replace(utterance, words=tuple(words))


def _repeats(words: Sequence[Word], index: int, size: int) -> bool:
    once = [word.text for word in words[index : index + size]]
    again = [word.text for word in words[index + size : index + 2 * size]]
    return once == again and not any(text[0].isdigit() for text in once[:1])
