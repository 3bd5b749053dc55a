"""Cutting a reply into clauses while it is being generated, so that the first is spoken before the rest exists.

Where a cut is possible is a property of the text (`_boundaries`); where one is made depends on how much has been
spoken already (`limits`). Each decision waits for the few characters it needs and is never revised, so the clauses do
not depend on how the text was split into pieces on its way here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from assistant.language.abbreviations import depends_on_following, is_abbreviation
from assistant.language.tables import tables_of


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of the reply that is synthesised as a unit."""

    text: str
    ends_sentence: bool
    """Whether it ends a sentence or the reply, so that a longer pause follows."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Minimum length in words of a clause that is cut at each kind of boundary."""

    phrase: float
    """At a comma, semicolon, colon or dash."""
    conjunction: float
    """Before a word such as "and"."""
    anywhere: float
    """Between any two words; also the maximum length of a clause wherever a cut is possible."""


FIRST = Limits(phrase=0, conjunction=3, anywhere=4)
"""The shortest clauses that sound like a phrase. On two cores each further word delays the first sound by 25 ms: with
eight words it came 230 ms after the first token, with four 150 ms."""

FIRST_UNSPACED = Limits(phrase=0, conjunction=3, anywhere=8)
"""For scripts without spaces, where a cut may fall inside a word: 16 characters usually reach a comma."""

MAX_WORDS = 40
"""Length in words after which a clause is cut, however much audio is still to be played."""


MAX_LOAD = 300
"""Length of a clause that is cut wherever that may be, in letters; 33 English words with their spaces have as many.

The network takes the whole clause at once, in memory and time that grow with it, and cannot be stopped in its first
half. With en_US-joe-medium on two x86 cores that others used as well, that half took 0.13 to 0.30 s for 16 s of audio
and 0.6 s for 38 s, after which 110 MB more stayed taken. Of seven kinds of text the heaviest clauses of 300 last at
most 12 s, and their first half takes 0.20 s.
"""
DIGIT_LOAD = 12
"""Letters that a digit counts: alone or in "eight million six hundred ..." it lasts 0.5 s, a letter 0.05 s. The same
goes for `SIGNS`, each of which is a word."""
WORD_LOAD = 4
"""Letters that the beginning of a word counts, and each further letter of "USB": "I" lasts as long as four others."""
SIGNS = frozenset("%&@#+=$€£¥₹°×÷±^~*/\\_<>|√∞")


def limits(spoken: float, *, unspaced: bool = False) -> Limits:
    """Compute the limits of the clause that follows `spoken` words.

    The more audio there is to play, the longer the next clause may take. A word lasts 0.28 s when spoken. On two x86
    cores with the default models, one thread each, it takes 40 ms: 16 to generate (79 tokens a second) and 24 to
    synthesise. Playback is therefore continuous as long as a clause has fewer than seven times the words before it;
    twice as many is what a board three times slower can do.
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

SPACES = re.compile(r"\s+")
NOT_SPACE = re.compile(r"\S")

NEVER_FIRST = frozenset("的了吗呢吧们着过得地子儿ぁぃぅぇぉっゃゅょーァィゥェォッャュョんンはがをにでとものへやか")
"""Characters that belong to the one before them: particles, suffixes, small and final kana."""


class Kind(Enum):
    """The reason why a place between two characters is a boundary."""

    SENTENCE = auto()
    PHRASE = auto()
    CONJUNCTION = auto()
    WORD = auto()


@dataclass(frozen=True, slots=True)
class Boundary:
    """A place where the text may be cut: before the character at `position`, after `words` words."""

    kind: Kind
    position: int
    words: float


class ClauseCutter:
    """Takes the reply piece by piece and returns the clauses that have become complete.

    The clauses of a reply, joined, equal the reply except for white space. A cut never falls inside a word, a number or
    the closing marks of a quotation, unless one of these is longer than a clause may be.
    """

    def __init__(self, language: str) -> None:
        """Use the abbreviations and conjunctions of `language` (ISO 639-1); an unknown one has none."""
        self._language = language
        self._tables = tables_of(language).clauses
        self._text = ""
        self._spoken = 0.0

    def feed(self, text: str) -> list[Clause]:
        """Take the next piece of the reply; return the clauses that it completes."""
        clauses = []
        for start in range(0, len(text), MAX_LOAD):  # what has been cut is copied away, so a piece has a limit
            kept = self._text.rstrip()
            self._text = (
                kept + SPACES.sub(_one_space, self._text[len(kept) :] + text[start : start + MAX_LOAD])
            ).lstrip()
            while (boundary := self._choose()) is not None:
                if clause := self._text[: boundary.position].strip():
                    clauses.append(Clause(clause, boundary.kind is Kind.SENTENCE))
                self._text = self._text[boundary.position :]
                self._spoken += boundary.words
        return clauses

    def flush(self) -> list[Clause]:
        """Complete the reply: return what is left and start over for the next."""
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
        heaviest = _heaviest(self._text)
        last = 0
        for boundary in self._boundaries(len(self._text) if heaviest is None else heaviest + 1):
            last = boundary.position
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
        if heaviest is None:
            return None
        space = self._text.rfind(" ", 0, heaviest)
        position = last if last > heaviest / 2 else space + 1 or heaviest
        return Boundary(Kind.WORD, position, len(self._text[:position].split()))

    def _boundaries(self, end: int) -> Iterator[Boundary]:
        """Yield the boundaries in the text up to `end` that are certain, in order."""
        words = 0.0
        after_number = False
        for token in TOKEN.finditer(self._text, 0, end):
            if token["space"] is not None:
                if "\n" in token[0] and words:
                    yield Boundary(Kind.SENTENCE, token.end(), words)
                continue
            if token.end() == end or self._waits(token):
                return
            if words and not after_number and _bare(token[0]) in self._tables.conjunctions:
                yield Boundary(Kind.CONJUNCTION, token.start(), words)
            words += _weight(token)
            after_number = token[0][-1].isdigit()  # "las 2 y 5"
            kind = self._kind(token)
            if words and kind is not None and self._may_end(token, kind):
                yield Boundary(kind, token.end(), words)

    def _waits(self, token: re.Match[str]) -> bool:
        """Whether the decision after `token` depends on a character that has not arrived yet."""
        if _following(token):
            return False
        core = token[0].rstrip(CLOSERS)
        if core.endswith("."):
            return core != token[0] or core.endswith("...") or depends_on_following(core, self._language)
        if core.endswith(STOPS):
            return core != token[0]
        return core.endswith("…") or (core.endswith(PAUSES) and core[-2:-1].isdigit())

    def _kind(self, token: re.Match[str]) -> Kind:
        """Classify the boundary after `token`."""
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
        """Whether a clause may end with `token`, which a boundary of `kind` follows."""
        after = token.string[token.end()]
        if after == "\n":
            return False  # the end of the line is the better place
        if kind is Kind.PHRASE:
            return any(character.isalpha() for character in token.string[: token.end()])  # not after "1,"
        return kind is Kind.SENTENCE or self._may_part(token, after)

    def _may_part(self, token: re.Match[str], after: str) -> bool:
        """Whether a clause may end with `token` although no punctuation follows it."""
        if token["mark"] is not None or not (after.isspace() or after.isalnum()):
            return False
        if token["character"] is not None:
            return after not in NEVER_FIRST and self._parts_characters(token[0], after)
        bare = _bare(token[0])
        leans = bare in self._tables.leaning or bare[-1:].isdigit() or token[0].endswith((".", ","))
        return bool(bare) and not leans  # a number leans too: "5 km", "10 000"

    def _parts_characters(self, before: str, after: str) -> bool:
        """Whether a phrase may begin with `after`: in Japanese only where hiragana end, in other languages anywhere."""
        return self._language != "ja" or (_is_hiragana(before) and not _is_hiragana(after))


def _following(token: re.Match[str]) -> str:
    """Return the first character after `token` that is not a space; empty if none has arrived yet."""
    following = NOT_SPACE.search(token.string, token.end())
    return following[0] if following is not None else ""


def _one_space(spaces: re.Match[str]) -> str:
    return "\n" if "\n" in spaces[0] else " "


def _heaviest(text: str) -> int | None:
    """Return where the longest clause that `text` may begin with ends; None if that is further than `text` goes.

    No space is there, so that whatever may end before it is certain.
    """
    if len(text) * DIGIT_LOAD <= MAX_LOAD:
        return None
    load = 0
    before = " "
    for position, character in enumerate(text):
        if not character.isspace():
            load += DIGIT_LOAD if character.isdigit() or character in SIGNS else 1
            load += WORD_LOAD if before.isspace() or (character.isupper() and before.isupper()) else 0
        if load > MAX_LOAD:
            return position
        before = character
    return None


def _bare(word: str) -> str:
    return word.strip("\"'“”‘’«»„()[]{}¿¡*_`.,;:!?…-–—").replace("’", "'").lower()


def _weight(token: re.Match[str]) -> float:
    """Return the length of `token` in words."""
    if token["character"] is not None:
        return CHARACTER_WORDS
    return 1.0 if any(character.isalnum() for character in token[0]) else 0.0


def _is_hiragana(character: str) -> bool:
    return "\u3040" <= character <= "\u309f"
