"""Cutting a reply into clauses while it is being written, so that the first is spoken before the rest is generated.

Where a cut is possible is a property of the text (`_boundaries`); where one is made depends on how much has been
spoken already (`limits`). Each decision waits for the few characters it needs and never changes, so the clauses are
the same however the text was split into pieces on its way here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from assistant.language.abbreviations import depends_on_following, is_abbreviation
from assistant.language.tables import tables_of


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the reply that is synthesised and spoken as one."""

    text: str
    ends_sentence: bool
    """Whether a sentence, or the reply, ends with it: the pause after it is longer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Minimum words of a clause before it may be cut, by the kind of place."""

    phrase: float
    """At a comma, semicolon, colon or dash."""
    conjunction: float
    """Before a word such as "and"."""
    anywhere: float
    """Between any two words; also the longest a clause gets, unless no cut is possible."""


FIRST = Limits(phrase=0, conjunction=3, anywhere=4)
"""The shortest that sounds like a phrase. On two cores each word more costs 25 ms until the first sound; with eight
words it came 230 ms after the first token, with four 150 ms."""

FIRST_UNSPACED = Limits(phrase=0, conjunction=3, anywhere=8)
"""Where words are not told apart, so that a cut may fall into one: 16 characters mostly reach a comma."""

MAX_WORDS = 40
"""Words after which a clause is cut, however much audio is still to be played."""


def limits(spoken: float, *, unspaced: bool = False) -> Limits:
    """Compute the limits of the clause that follows `spoken` words.

    The longer the audio that still plays, the longer may the next clause take. A word is 0.28 s of speech. On two x86
    cores with the default models, one thread each, it takes 40 ms: 16 to write (79 tokens a second) and 24 to
    synthesise. So the sound goes on while a clause has less than seven times the words before it; twice is what a
    board three times slower can do.
    """
    first = FIRST_UNSPACED if unspaced else FIRST
    if not spoken:
        return first
    anywhere = min(first.anywhere + 2 * spoken, MAX_WORDS)
    return Limits(phrase=anywhere / 2, conjunction=anywhere / 2, anywhere=anywhere)


CHARACTER_WORDS = 0.5
"""Words that one character of an unspaced script counts: eight English words last as long as sixteen of them."""

CLOSERS = "\"'”’»)]}」』）】》〉*_`"
"""What may stand between the end of a sentence and the space after it."""

STOPS = tuple("!?؟।。！？｡")
PAUSES = tuple(",;:،؛，、；：")

UNSPACED = "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
"""Han characters and kana; their scripts put no spaces between words."""

UNSPACED_PUNCTUATION = "\u3001-\u3003\u3008-\u3011\uff01-\uff0f\uff1a-\uff1f\uff61-\uff65"

TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<character>[{UNSPACED}])|(?P<mark>[{UNSPACED_PUNCTUATION}]+[{re.escape(CLOSERS)}]*)"
    rf"|(?P<word>[^\s—{UNSPACED}{UNSPACED_PUNCTUATION}]*—+|[^\s—{UNSPACED}{UNSPACED_PUNCTUATION}]+)"
)

NEVER_FIRST = frozenset("的了吗呢吧们着过得地子儿ぁぃぅぇぉっゃゅょーァィゥェォッャュョんンはがをにでとものへやか")
"""Characters that belong to the one before them: particles, suffixes, small and final kana."""


class Kind(Enum):
    """What makes a place between two characters one to cut at."""

    SENTENCE = auto()
    PHRASE = auto()
    CONJUNCTION = auto()
    WORD = auto()


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place where the text may be cut: before `position`, after `words` words."""

    kind: Kind
    position: int
    words: float


class ClauseCutter:
    """Takes the reply piece by piece and returns the clauses that have become complete.

    The clauses of a reply, joined, are the reply but for white space. A cut is never inside a word, a number or a
    quotation's closing marks.
    """

    def __init__(self, language: str) -> None:
        """`language` (ISO 639-1) chooses abbreviations and conjunctions; an unknown one has none."""
        self._language = language
        self._tables = tables_of(language).clauses
        self._text = ""
        self._spoken = 0.0

    def feed(self, text: str) -> list[Clause]:
        """Take the next piece of the reply; returns the clauses that it completes."""
        self._text += text
        clauses = []
        while (boundary := self._choose()) is not None:
            clauses.append(Clause(self._text[: boundary.position].strip(), boundary.kind is Kind.SENTENCE))
            self._text = self._text[boundary.position :]
            self._spoken += boundary.words
        return clauses

    def flush(self) -> list[Clause]:
        """Return what is left of the reply, and start over for the next."""
        clauses = self.feed("\n")
        rest = self._text.strip()
        if rest:
            clauses.append(Clause(rest, ends_sentence=True))
        self._text = ""
        self._spoken = 0.0
        return clauses

    def _choose(self) -> Boundary | None:
        limit = limits(self._spoken, unspaced=self._tables.between_characters)
        last_resort: Boundary | None = None
        for boundary in self._boundaries():
            match boundary.kind:
                case Kind.SENTENCE:
                    return boundary
                case Kind.PHRASE if boundary.words >= limit.phrase:
                    return boundary
                case Kind.CONJUNCTION if boundary.words >= limit.conjunction:
                    return boundary
            if boundary.words <= limit.anywhere:
                last_resort = boundary if boundary.words > limit.anywhere / 2 else None
            if boundary.words >= limit.anywhere:
                return last_resort or boundary
        return None

    def _boundaries(self) -> Iterator[Boundary]:
        """Yield the places where the text so far may be cut, in order, as far as they are certain."""
        words = 0.0
        after_number = False
        for token in TOKEN.finditer(self._text):
            if token["space"] is not None:
                if "\n" in token[0] and words:
                    yield Boundary(Kind.SENTENCE, token.end(), words)
                continue
            if token.end() == len(self._text) or self._waits(token):
                return
            if words and not after_number and _bare(token[0]) in self._tables.conjunctions:
                yield Boundary(Kind.CONJUNCTION, token.start(), words)
            words += _weight(token)
            after_number = token[0][-1].isdigit()  # "las 2 y 5"
            kind = self._kind(token)
            if words and kind is not None and self._may_end(token, kind):
                yield Boundary(kind, token.end(), words)

    def _waits(self, token: re.Match[str]) -> bool:
        """Whether the kind of place after `token` depends on a character that has not arrived."""
        if _following(token):
            return False
        core = token[0].rstrip(CLOSERS)
        if core.endswith("."):
            return core != token[0] or core.endswith("...") or depends_on_following(core, self._language)
        if core.endswith(STOPS):
            return core != token[0]
        return core.endswith("…") or (core.endswith(PAUSES) and core[-2:-1].isdigit())

    def _kind(self, token: re.Match[str]) -> Kind:
        """Classify the place after `token`."""
        core, following = token[0].rstrip(CLOSERS), _following(token)
        is_open = core.endswith(("...", "…")) or (core != token[0] and core.endswith((".", *STOPS)))
        if is_open:  # "Well... perhaps", "'Really?' she asked"
            return Kind.PHRASE if following.islower() else Kind.SENTENCE
        if core.endswith(STOPS):
            return Kind.SENTENCE
        if core.endswith("."):
            return Kind.WORD if is_abbreviation(core, following, self._language) else Kind.SENTENCE
        is_inside_number = core[-2:-1].isdigit() and following.isdigit()  # "May 5, 2020"
        if core.endswith(PAUSES) and not is_inside_number:
            return Kind.PHRASE
        return Kind.PHRASE if core in {"-", "–"} or core.endswith("—") else Kind.WORD

    def _may_end(self, token: re.Match[str], kind: Kind) -> bool:
        """Whether a clause may end with `token`, which stands before a place of `kind`."""
        after = token.string[token.end()]
        if after == "\n":
            return False  # the end of the line is the better place
        if kind is Kind.PHRASE:
            return any(character.isalpha() for character in token.string[: token.end()])  # not after "1,"
        return kind is Kind.SENTENCE or self._may_part(token, after)

    def _may_part(self, token: re.Match[str], after: str) -> bool:
        """Whether a clause may end with `token` although no punctuation says so."""
        if token["mark"] is not None or not (after.isspace() or after.isalnum()):
            return False
        if token["character"] is not None:
            return after not in NEVER_FIRST and self._parts_characters(token[0], after)
        bare = _bare(token[0])
        leans = bare in self._tables.leaning or bare[-1:].isdigit() or token[0].endswith((".", ","))
        return bool(bare) and not leans  # a number leans too: "5 km", "10 000"

    def _parts_characters(self, before: str, after: str) -> bool:
        """Japanese begins a phrase with a kanji or katakana after hiragana; Chinese does not show its words."""
        return self._language != "ja" or (_is_hiragana(before) and not _is_hiragana(after))


def _following(token: re.Match[str]) -> str:
    """Return the first character after `token` that is no space; empty when there is none yet."""
    return token.string[token.end() :].lstrip()[:1]


def _bare(word: str) -> str:
    return word.strip("\"'“”‘’«»„()[]{}¿¡*_`.,;:!?…-–—").replace("’", "'").lower()


def _weight(token: re.Match[str]) -> float:
    """Count the words of `token`."""
    if token["character"] is not None:
        return CHARACTER_WORDS
    return 1.0 if any(character.isalnum() for character in token[0]) else 0.0


def _is_hiragana(character: str) -> bool:
    return "\u3040" <= character <= "\u309f"
