"""The tables of a language: one YAML file a language in `data/`, named by its ISO 639-1 code.

A file is read the first time its language is asked about and kept from then on, so a daemon that speaks English reads
`en.yaml` alone (3.3 ms on an x86 core with libyaml; the other files take 0.1 to 2.5 ms). Every key may be left out, and
a language without a file has empty tables.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

FOLDER = Path(__file__).parent / "data"

Words = frozenset[Annotated[str, Meta(min_length=1)]]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file; unknown keys are errors, and so is whatever YAML takes for a boolean or a number."""


class Phrases(Table, frozen=True):
    """What the assistant says that no language model wrote; empty where the language has no phrase."""

    failed: str = ""
    """A turn could not be answered."""
    again: str = ""
    """Nothing was understood, twice."""
    input_lost: str = ""
    """The microphone has been gone for a while."""
    input_back: str = ""
    """The microphone is back."""
    cut_off: str = ""
    """Before what could not be said because the loudspeaker was gone."""
    done_failed: str = ""
    """What was asked for was not done."""
    cannot: str = ""
    """What was asked for is nothing that can be done here."""
    code_left_out: str = ""
    """In the place of a code block: reading it helps nobody, and silence would leave the reply without its point."""
    long_code: str = ""
    """In the place of a key, a hash, a word without end: what nobody can listen to."""

    @property
    def urgent(self) -> list[str]:
        """What has to be said without waiting for synthesis."""
        return [phrase for phrase in (self.failed, self.again) if phrase]


class Remarks(Table, frozen=True):
    """Short things people say to a machine that is speaking. Lower case, without punctuation but apostrophes."""

    stop: Words = frozenset()
    """Be quiet: the whole of what is said, perhaps with a polite word before or after it."""
    dismissal: Words = frozenset()
    """The same, said when nothing is being spoken: never mind."""
    polite: Words = frozenset()
    """Single words that may stand before or after another remark without changing its meaning."""
    backchannel: Words = frozenset()
    """What people say to show that they are listening, as single words: an utterance of these alone takes no turn."""


class Abbreviations(Table, frozen=True):
    """Words whose full stop may end no sentence, in lower case and without their last full stop."""

    always: Words = frozenset()
    """Another word always follows."""
    before_numbers: Words = frozenset()
    """Abbreviations in front of a number, words of their own elsewhere ("No.")."""
    sometimes_last: Words = frozenset()
    """These may close a sentence, and do when a capital follows."""
    ordinals_with_stop: bool = False
    """Whether "3." is "third". A number of at most two digits, a day or a century, is taken for one."""


class Clauses(Table, frozen=True):
    """Where a reply may be cut although no punctuation says so."""

    conjunctions: Words = frozenset()
    """Words that a phrase begins with."""
    leaning: Words = frozenset()
    """Words that belong to what follows them: a clause does not end there."""
    between_characters: bool = False
    """Whether a cut may fall between any two characters, as in Chinese and Japanese."""


class Symbol(Table, frozen=True):
    """A sign that the synthesiser reads badly."""

    written: str
    """A regular expression, searched for in one word of the reply."""
    said: str
    r"""What is said instead; `\1` is the first group."""


class Currency(Table, frozen=True):
    """How amounts of one currency are said."""

    one: str
    many: str
    coins: str = ""
    """A hundredth of it; empty when it has none."""


class Prices(Table, frozen=True):
    """How "$3.2 million" is said with the currency last."""

    units: Mapping[str, Currency] = {}
    """By sign."""
    said: str = "{amount} {unit}"
    with_coins: str = "{whole} {unit} {coins}"
    """A price with coins; `{coin}` is their name."""
    decimal: str = "."
    """The sign before the coins."""
    per: str = ""
    """Said for the stroke of "$5/month"."""
    scales: tuple[str, ...] = ()
    """Words that may follow an amount and are said before the currency."""
    letters: Mapping[str, str] = {}
    """Letters behind an amount, and the scale each stands for."""


class Unit(Table, frozen=True):
    """What is said for a unit behind a number; `{}` is where the number stands, if not in front."""

    one: str
    """After 1."""
    many: str = ""
    """After any other number, where that differs."""


class Dates(Table, frozen=True):
    """How a date that is written in numbers is said."""

    said: str
    """With `{year}`, `{month}` (its name) and `{day}`."""
    months: Annotated[tuple[str, ...], Meta(min_length=12, max_length=12)]
    month_first: bool = False
    """Whether 12/25/2024 is Christmas; 25/12/2024 is wherever there is no 25th month."""


class Reading(Table, frozen=True):
    """What is said for signs; where it says nothing, the signs are left to the synthesiser."""

    dot: str = ""
    at: str = ""
    """How addresses are read."""
    prices: Prices | None = None
    dates: Dates | None = None
    units: Mapping[str, Unit] = {}
    """By what is written behind a number, without a full stop.

    The names are those of CLDR. Babel, which carries CLDR, has no entry for what people write ("12 oz", "5 Std.") nor
    for how prices are said ("5 Euro 50"), lacks some ("3 length-kilometer" in Chinese) and takes 33 MB of disk, 14 MB
    of memory and 20 ms for six languages. Numbers are left to the synthesiser: espeak reads them in each of its
    languages, and unicode-rbnf, which would spell them, knows neither gender nor case of what is counted.
    """
    after_numbers: Words = frozenset()
    """Other words that belong to the number before them."""
    expansions: Mapping[str, str] = {}
    """Abbreviations, without their full stop, that the synthesiser does not know."""
    fractions: Mapping[str, str] = {}
    fraction_joined_by: str = ""
    """Between a number and its fraction: "1 and a half"."""
    monarchs: Words = frozenset()
    """Names whose roman numeral is an ordinal."""
    ordinals: Mapping[str, str] = {}
    """What is said for it, by number; `other` has `{}` for any other number."""
    numeral_endings: Words = frozenset()
    """What makes a roman numeral an ordinal: "XIXe"."""
    numbered: Words = frozenset()
    """Words whose roman numeral is a number: chapter, war."""
    symbols: tuple[Symbol, ...] = ()
    """Tried in this order, after all others, in one word or in an expression such as "5 − 3 = 2". Signs are certain
    there: − is minus, – between numbers a range, ÷ a division, ⁄ the stroke of a fraction of terms."""


class Clock(Table, frozen=True):
    """The time of day."""

    hours: Annotated[tuple[str, ...], Meta(max_length=24)] = ()
    """The sentence that tells the time, for each hour from midnight; `{minutes}` stands where the minutes belong."""
    minutes: str = ""
    """What stands there: `{minute}` is the number, `{minute:02}` the number with two digits."""
    on_the_hour: str = ""
    """What stands there when the minute is 0."""
    minute_words: Mapping[str, str] = {}
    """Minutes that are not said as their number."""
    questions: tuple[str, ...] = ()
    """Whole utterances that ask for the time, as remarks are written: `[a|b]` may be left out, of `(a|b)` one is said.
    """

    def __post_init__(self) -> None:
        if self.hours and len(self.hours) != 24:
            raise ValueError(f"expected 24 hours, got {len(self.hours)}")


class Deeds(Table, frozen=True):
    """What is asked of a machine that has hands. Patterns as `assistant/language/patterns.py` says."""

    wish: str = ""
    """What may stand before a request: could you."""
    things: tuple[str, ...] = ()
    """What can be switched, opened or set; any of them is `<thing>` in a request."""
    requests: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    """What is none, though a request fits."""


class Language(Table, frozen=True):
    """One file."""

    spaces_between_words: bool = True
    scripts: Words = frozenset()
    """Scripts that a voice of the language reads, as Unicode names them; empty when that is unknown."""
    phrases: Phrases = Phrases()
    remarks: Remarks = Remarks()
    abbreviations: Abbreviations = Abbreviations()
    clauses: Clauses = Clauses()
    reading: Reading = Reading()
    clock: Clock = Clock()
    deeds: Deeds = Deeds()


UNKNOWN = Language()
"""Of every language without a file."""


def tables_of(language: str) -> Language:
    """Return the tables of `language` (ISO 639-1); `UNKNOWN` when it has none."""
    return _read(language) if language in languages() else UNKNOWN


@cache
def languages() -> frozenset[str]:
    """List the languages that have a file."""
    return frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def _read(language: str) -> Language:
    return msgspec.yaml.decode((FOLDER / f"{language}.yaml").read_bytes(), type=Language)
