"""What the entities of a language look like: a YAML file per language in `data/`, read when it is first needed."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

DATA = Path(__file__).parent / "data"

Words = tuple[Annotated[str, Meta(min_length=1)], ...]


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of the file."""


class Durations(Table, frozen=True):
    """How long something takes."""

    units: Mapping[str, Words] = {}
    """By second, minute, hour, day, week, month, year: all forms of the word, abbreviations included."""
    fixed: Mapping[str, float] = {}
    """Whole phrases, in seconds: half an hour."""
    joined_by: Words = ()
    """Between the parts of one: and."""
    one: Words = ()
    """Words for 1 before a unit: a, an, one."""
    fractions: Mapping[str, float] = {}
    """What follows a number or a unit, and the part of the unit that it adds: "and a half"."""


class Said(Table, frozen=True):
    """A way to say a time of day: `<hour>`, `<minute>` are numbers; the syntax is that of the templates."""

    said: str
    hour: int | None = None
    minute: int = 0
    """Added to what is said; negative before the hour."""
    before: bool = False
    """Whether `<minute>` is before the hour."""
    loose: bool = False
    """Whether this is a time only where nothing else can be meant: a bare number."""
    part: str = ""
    """A part of the day that it implies."""


class DayPart(Table, frozen=True):
    """Words for a part of the day, which say whether seven is in the morning."""

    words: Words
    first: int
    last: int
    """Hours, 0 to 23, between which a time of this part lies; `last` below `first` is past midnight."""
    usual: int | None = None
    """The hour that is meant without a time."""


class Dates(Table, frozen=True):
    """Days."""

    relative: Mapping[str, int] = {}
    """Phrases, and the number of days from today."""
    weekdays: Annotated[tuple[Words, ...], Meta(max_length=7)] = ()
    """From Monday on, all forms."""
    months: Annotated[tuple[Words, ...], Meta(max_length=12)] = ()
    weekday: Words = ()
    """Templates around `<weekday>`: on <weekday>, this <weekday>."""
    next_weekday: Words = ()
    """Those that mean the one of next week, if today is not yet past it."""
    calendar: Words = ()
    """Templates with `<day>`, `<month>`, `<year>`."""
    later: Words = ()
    """Templates with `<duration>` for a day or a moment from now: in <duration>."""
    ordinals: Words = ()
    """Words for the 1st to the 31st, where they are written out."""
    every: Words = ()
    """Templates with `<weekday>` or `<weekdays>` for what recurs."""
    recurring: Mapping[str, tuple[int, ...]] = {}
    """Phrases, and the weekdays from 0 (Monday) that they mean: every weekday."""


class Sums(Table, frozen=True):
    """Arithmetic."""

    signs: Mapping[str, Words] = {}
    """Phrases for `+`, `-`, `*`, `/`, `**`, `**2`, `**3`, `%`, `of`, `off`, `sqrt`, `cbrt`, `double` and `half`."""
    numbers: Mapping[str, float] = {}
    """Phrases for numbers that no number word is part of: a dozen."""


class Measures(Table, frozen=True):
    """Units of measure."""

    units: Mapping[str, Words] = {}
    """All forms of each; the first is said after one, the second after many."""
    one: Words = ()
    """Words for 1 before a unit: a, an."""
    fractions: Mapping[str, float] = {}
    """Phrases before a unit, alone or behind a number: half a, and a half."""


class Spoken(Table, frozen=True):
    """How durations, times and days are said in an answer."""

    turned: Mapping[str, str] = {}
    """Words that are others when they are said back to who said them: my, your. Lower case."""

    units: Mapping[str, tuple[str, str]] = {}
    """For one and for many, by unit."""
    about: str = "{number}"
    """Around a number that was rounded."""
    thousands: str = ","
    """Between the thousands of a large number."""
    comma: str = ", "
    last: str = " and "
    """Between the last two of several."""
    time: str = "{hour}:{minute:02}"
    full_hour: str = "{hour}"
    halves: tuple[str, str] | None = None
    """Of the day: AM, PM."""
    at: str = "{time}"
    near: Words = ()
    """Today, tomorrow."""
    weekdays: Annotated[tuple[str, ...], Meta(max_length=7)] = ()
    months: Annotated[tuple[str, ...], Meta(max_length=12)] = ()
    on_weekday: str = "{weekday}"
    on_date: str = "{day} {month}"
    on_date_of_year: str = "{day} {month} {year}"
    full_date: str = "{weekday}, {day} {month}"
    full_date_of_year: str = "{weekday}, {day} {month} {year}"
    """A date as an answer, not as a part of a sentence."""
    days: Annotated[tuple[str, ...], Meta(max_length=31)] = ()
    """The days of a month, where they are not said as their number: 1st, 2nd."""
    day_and_time: str = "{day} {at}"
    every: str = "{weekdays}"
    recurring: Words = ()
    """Phrases for the sets of weekdays in `recurring_days`."""
    recurring_days: tuple[tuple[int, ...], ...] = ((0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4), (5, 6))


class Grammar(Table, frozen=True):
    """One file."""

    spaced: bool = True
    """Whether there are spaces between words."""
    numerals: str = ""
    """The language of the number words, as text2num names it; `zh` is our own."""
    lone: Words = ()
    """Number words that are more often something else; they stay unless other number words are next to them."""
    not_numbers: Words = ()
    """Words that are never part of a number although they could be: second."""
    more_numbers: Mapping[str, str] = {}
    """Single words that are a number, and its digits: anderthalb."""
    elided: Words = ()
    """Words that end in an apostrophe and are written together with the next one: d'. They are words of their own."""
    fillers: frozenset[str] = frozenset()
    """Words of hesitation, which mean nothing anywhere."""
    particles: Words = ()
    """Words and phrases that often say nothing, wherever they stand, and sometimes something: actually, mal, donc. They
    are left out of a sentence that is not understood with them; not behind a number, where one may be a factor."""
    mishearings: tuple[tuple[str, str], ...] = ()
    """Regular expressions over the canonical text, and what was said."""
    before: Words = ()
    """What may stand before a request, several of them too: could you, please. Templates."""
    after: Words = ()
    """What may stand behind one."""
    articles: Words = ()
    """Before a name, and not part of it: the, my."""
    pronouns: Words = ()
    """Words that stand for a thing and are none: it, that."""
    between_things: Words = ()
    """Between the things of a list: and."""
    agreed: Words = ()
    """What confirms, and what does not; whole utterances."""
    declined: Words = ()
    joiners: Words = ()
    """Between two requests in one sentence."""
    corrections: Words = ()
    """Between what was said wrongly and what is meant instead: no, I mean."""
    percent: Words = ()
    """Words for per cent."""
    decimal: str = "."
    """What separates whole numbers from decimals, as it is written."""
    durations: Durations = Durations()
    times: tuple[Said, ...] = ()
    at: Words = ()
    """Prepositions of a time of day: at, by. Templates around `<time>`."""
    day_parts: Mapping[str, DayPart] = {}
    dates: Dates = Dates()
    sums: Sums = Sums()
    measures: Measures = Measures()
    spoken: Spoken = Spoken()


@cache
def grammar_of(language: str) -> Grammar | None:
    """The grammar of `language` (ISO 639-1); None if it has none."""
    path = DATA / f"{language}.yaml"
    return msgspec.yaml.decode(path.read_bytes(), type=Grammar) if path.is_file() else None
