"""The entities of a language: for each kind the regular expression of what it looks like, and what it means."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, cached_property, partial

from assistant.language.patterns import folded
from assistant.understanding.canonical import Utterance
from assistant.understanding.grammar import DayPart, Grammar, Said, grammar_of
from assistant.understanding.syntax import BETWEEN_WORDS, regex
from assistant.understanding.values import Moment, SpokenDay, SpokenTime, Value

UNIT_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000, "year": 31_536_000}
"""Seconds; a month has 30 days where no calendar is asked."""

NUMBER = r"\d+(?:[.,]\d+)*"

MAX_PIECES = 4
"""Of a moment: "tomorrow, at seven, in the morning"."""

Parse = Callable[[str], Value | None]
"""Makes the value of what the expression has found; None where it has none after all."""


@dataclass(frozen=True)
class Kind:
    """A kind of slot."""

    expression: str
    parse: Parse


class Entities:
    """Those of `grammar`."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._space = BETWEEN_WORDS if grammar.spaced else ""

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """By name."""
        return {
            "number": Kind(self._number, self.number),
            "percent": Kind(rf"{self._number}{self._space}(?:%|{self._any_of(self._grammar.percent)})", self.number),
            "duration": Kind(self._duration, self.duration),
            "time": Kind(self._time, self.time),
            "exact_time": Kind(self._exact_time, self.time),
            "day": Kind(self._day, self.day),
            "part": Kind(self._part, self.part),
            "moment": Kind(self._moment, self.moment),
        }

    def spans(self, utterance: Utterance) -> dict[str, dict[str, Value]]:
        """For each kind the parts of `utterance` that are one, and what they mean."""
        line = utterance.line
        starts = [match.start() for match in re.finditer(r"\b\w" if self._grammar.spaced else ".", line)]
        found: dict[str, dict[str, Value]] = {}
        for name, pattern in self._compiled.items():
            values = found[name] = {}
            for start in starts:
                match = pattern.match(line, start)
                if match and match[0] not in values and (value := self.kinds[name].parse(match[0].strip())) is not None:
                    values[match[0].strip()] = value
        return found

    @cached_property
    def _compiled(self) -> Mapping[str, re.Pattern[str]]:
        end = r"(?!\w)" if self._grammar.spaced else ""
        return {name: re.compile(kind.expression + end) for name, kind in self.kinds.items()}

    # Numbers.

    @cached_property
    def _number(self) -> str:
        return rf"(?:{NUMBER}|{self._any_of(self._grammar.lone)})"

    @cached_property
    def _compiled_number(self) -> re.Pattern[str]:
        return re.compile(self._number)

    def number(self, text: str) -> float | None:
        """Read a number: digits with decimals, or a word for 1."""
        found = self._compiled_number.match(text)
        if found is None:
            return None
        if not found[0][0].isdigit():
            return 1.0
        return number_of(found[0], self._grammar.decimal)

    # Durations.

    @cached_property
    def _units(self) -> dict[str, str]:
        """The unit of each form, longest first."""
        forms = {folded(form): unit for unit, words in self._grammar.durations.units.items() for form in words}
        return dict(sorted(forms.items(), key=lambda item: -len(item[0])))

    @cached_property
    def _duration_part(self) -> str:
        """A number and its unit, each in a group, and a fraction behind either."""
        durations, space = self._grammar.durations, self._space
        fraction = self._any_of(durations.fractions)
        number = rf"{NUMBER}|{self._any_of(durations.one)}"
        unit = self._any_of(self._units)
        end = r"(?!\w)" if self._grammar.spaced else ""
        return (
            rf"(?:(?P<n>{number}){space}(?P<f>{fraction})?{space}-?(?P<u>{unit}){end}(?:{space}(?P<g>{fraction}){end})?)"
        )

    @cached_property
    def _fixed(self) -> str:
        return self._any_of(self._grammar.durations.fixed)

    @cached_property
    def _duration(self) -> str:
        part = rf"(?:{self._fixed}|{_without_groups(self._duration_part)})"
        joined = rf"{self._space}(?:(?:{self._any_of(self._grammar.durations.joined_by)}){self._space})?"
        return rf"(?:{part}(?:{joined}{part}){{0,3}})"

    @cached_property
    def _duration_parts(self) -> re.Pattern[str]:
        return re.compile(rf"(?P<fixed>{self._fixed})|{self._duration_part}")

    def duration(self, text: str) -> timedelta | None:
        """Add up the parts of a duration."""
        durations = self._grammar.durations
        fixed = {folded(phrase): seconds for phrase, seconds in durations.fixed.items()}
        total = 0.0
        for match in self._duration_parts.finditer(text):
            if match["fixed"]:
                total += fixed[match["fixed"]]
                continue
            number = number_of(match["n"], self._grammar.decimal) if match["n"][0].isdigit() else 1.0
            fractions = {folded(phrase): part for phrase, part in durations.fractions.items()}
            number += fractions.get(match["f"] or match["g"] or "", 0.0)
            total += number * UNIT_S[self._units[match["u"]]]
        try:
            return timedelta(seconds=total)
        except OverflowError:
            return timedelta.max

    # Times of day.

    @cached_property
    def _sayings(self) -> list[tuple[re.Pattern[str], Said]]:
        compiled = [
            (re.compile(self._of_said(said.said, r"(?P<h>\d{1,2})", r"(?P<m>\d{1,2})")), said)
            for said in self._grammar.times
        ]
        return compiled

    def _of_said(self, said: str, hour: str, minute: str) -> str:
        rules = {"hour": re.compile(hour), "minute": re.compile(minute)}
        return regex(said, slot=_no_slot, rules=rules, spaced=self._grammar.spaced)

    def _times(self, *, loose: bool) -> str:
        sayings = [said for said in self._grammar.times if loose or not said.loose]
        sayings.sort(key=lambda said: said.loose)
        both = [self._of_said(said.said, r"\d{1,2}", r"\d{1,2}") for said in sayings]
        end = r"(?![\w:])" if self._grammar.spaced else ""
        return rf"(?:{'|'.join(both) or '(?!)'}){end}"

    @cached_property
    def _time(self) -> str:
        """With a part of the day before or behind it."""
        time, space = self._times(loose=True), self._space
        return rf"(?:(?:{self._part}{space})?{time}(?:{space}{self._part})?)"

    @cached_property
    def _exact_time(self) -> str:
        at = [self._around(template, "time", self._times(loose=True)) for template in self._grammar.at]
        return rf"(?:{'|'.join([*at, self._times(loose=False), self._times(loose=True) + self._space + self._half_day])})"

    @cached_property
    def _half_day(self) -> str:
        return self._any_of(
            word for name in ("am", "pm") if name in self._grammar.day_parts for word in self._grammar.day_parts[name].words
        )

    @cached_property
    def _time_readers(self) -> list[tuple[re.Pattern[str], Said]]:
        """Each way to say a time, alone and behind a preposition."""
        return [
            (re.compile(self._around(template, "time", pattern.pattern)), said)
            for template in ("<time>", *self._grammar.at)
            for pattern, said in self._sayings
        ]

    def time(self, text: str) -> SpokenTime | None:
        """Read a time of day, perhaps with a part of the day."""
        part = self.part(text) or ""
        bare = self._part_alone.sub(" " if self._grammar.spaced else "", text).strip()
        for said_text, implied in ((text, ""), (bare, part)):
            for pattern, said in self._time_readers:
                if match := pattern.fullmatch(said_text):
                    return _spoken_time(match.groupdict(), said, implied)
        return None

    # Parts of the day.

    @cached_property
    def _part(self) -> str:
        return self._any_of(word for part in self._grammar.day_parts.values() for word in part.words)

    @cached_property
    def _part_alone(self) -> re.Pattern[str]:
        return re.compile(rf"(?<!\w){self._part}(?!\w)" if self._grammar.spaced else self._part)

    def part(self, text: str) -> str | None:
        """The part of the day that is named in `text`."""
        match = self._part_alone.search(text)
        if match is None:
            return None
        return next(
            name for name, part in self._grammar.day_parts.items() if match[0] in {folded(word) for word in part.words}
        )

    # Days.

    @cached_property
    def _weekday(self) -> str:
        return self._any_of(form for forms in self._grammar.dates.weekdays for form in forms)

    @cached_property
    def _month(self) -> str:
        return self._any_of(form for forms in self._grammar.dates.months for form in forms)

    def _weekday_of(self, text: str) -> int:
        return _index(self._grammar.dates.weekdays, text)

    @cached_property
    def _day_rules(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], SpokenDay | None]]]:
        """Expressions with groups, and what each means."""
        dates = self._grammar.dates
        relative = {folded(phrase): offset for phrase, offset in dates.relative.items()}
        rules: list[tuple[str, Callable[[re.Match[str]], SpokenDay | None]]] = []
        if relative:
            rules.append((rf"(?P<r>{self._any_of(relative)})", lambda match: SpokenDay(offset=relative[match["r"]])))
        for templates, next_week in ((dates.next_weekday, True), (dates.weekday, False)):
            for template in templates:
                expression = self._around(template, "weekday", rf"(?P<w>{self._weekday})")
                rules.append((expression, partial(self._on_weekday, next_week)))
        ordinal = self._any_of(dates.ordinals)
        parts = {
            "day": re.compile(rf"(?P<d>\d{{1,2}}(?:st|nd|rd|th)?(?!\w)|{ordinal})"),
            "month": re.compile(rf"(?P<M>{self._month})"),
            "number_month": re.compile(r"(?P<N>\d{1,2})"),
            "year": re.compile(r"(?P<y>\d{4}|\d{2} \d{2})"),
        }
        for template in dates.calendar:
            expression = regex(template, slot=_no_slot, rules=parts, spaced=self._grammar.spaced)
            rules.append((expression, self._on_date))
        return [(re.compile(expression), meaning) for expression, meaning in rules]

    def _on_weekday(self, next_week: bool, match: re.Match[str]) -> SpokenDay:
        return SpokenDay(weekday=self._weekday_of(match["w"]), next_week=next_week)

    def _on_date(self, match: re.Match[str]) -> SpokenDay | None:
        groups = match.groupdict()
        ordinals = [folded(word) for word in self._grammar.dates.ordinals]
        said, month, year = groups.get("d"), groups.get("M"), groups.get("y")
        day = None
        if said:
            digits = re.match(r"\d+", said)
            day = int(digits[0]) if digits else ordinals.index(said) + 1
        number = int(groups["N"]) if groups.get("N") else None
        if number is not None and not 1 <= number <= 12 or day is not None and not 1 <= day <= 31:
            return None
        return SpokenDay(
            day=day,
            month=_index(self._grammar.dates.months, month) + 1 if month else number,
            year=int(year.replace(" ", "")) if year else None,
        )

    @cached_property
    def _day(self) -> str:
        return rf"(?:{'|'.join(_without_groups(pattern.pattern) for pattern, _ in self._day_rules) or '(?!)'})"

    def day(self, text: str) -> SpokenDay | None:
        """Read a day."""
        for pattern, meaning in self._day_rules:
            if (match := pattern.fullmatch(text)) and (day := meaning(match)) is not None:
                return day
        return None

    # Moments.

    @cached_property
    def _later(self) -> str:
        return self._any(self._around(template, "duration", self._duration) for template in self._grammar.dates.later)

    @cached_property
    def _every(self) -> str:
        dates = self._grammar.dates
        weekdays = rf"{self._weekday}(?:{self._space}(?:(?:{self._any_of(self._grammar.durations.joined_by)}){self._space})?{self._weekday}){{0,6}}"
        said = [self._around(template, "weekdays", weekdays) for template in dates.every]
        return self._any([*said, self._any_of(dates.recurring)] if dates.recurring else said)

    @cached_property
    def _moment(self) -> str:
        piece = rf"(?:{self._every}|{self._later}|{self._exact_time}|{self._day}|{self._part})"
        end = r"(?!\w)" if self._grammar.spaced else ""
        return rf"(?:{piece}{end}(?:{self._space}{piece}{end}){{0,{MAX_PIECES - 1}}})"

    def moment(self, text: str) -> Moment | None:
        """Read when something is to happen, piece by piece from the left, the longest that fits each time."""
        moment, rest = Moment(), text.strip()
        while rest:
            for expression, read in self._pieces:
                if (match := expression.match(rest)) and (later := read(moment, match[0].strip())) is not None:
                    moment, rest = later, rest[match.end() :].strip()
                    break
            else:
                return None
        return moment

    @cached_property
    def _pieces(self) -> list[tuple[re.Pattern[str], Callable[[Moment, str], Moment | None]]]:
        end = r"(?!\w)" if self._grammar.spaced else ""
        pieces: list[tuple[str, Callable[[Moment, str], Moment | None]]] = [
            (self._every + end, self._with_every),
            (self._later + end, self._with_later),
            (self._exact_time + end, self._with_time),
            (self._day + end, self._with_day),
            (self._time + end, self._with_time),
            (self._part + end, self._with_part),
        ]
        return [(re.compile(expression), read) for expression, read in pieces]

    def _with_every(self, moment: Moment, text: str) -> Moment | None:
        for phrase, weekdays in self._grammar.dates.recurring.items():
            if folded(phrase) == text:
                return _with(moment, weekdays=weekdays)
        days = tuple(sorted({self._weekday_of(match[0]) for match in re.finditer(self._weekday, text)}))
        return _with(moment, weekdays=days) if days else None

    def _with_later(self, moment: Moment, text: str) -> Moment | None:
        later = self.duration(text)
        return _with(moment, later=later) if later else None

    def _with_time(self, moment: Moment, text: str) -> Moment | None:
        if moment.time is not None or (time := self.time(text)) is None:
            return None
        return _with(moment, time=time)

    def _with_day(self, moment: Moment, text: str) -> Moment | None:
        if moment.day is not None or (day := self.day(text)) is None:
            return None
        return _with(moment, day=day)

    def _with_part(self, moment: Moment, text: str) -> Moment | None:
        part = self.part(text)
        return _with(moment, part=part) if part and not moment.part else None

    # Expressions.

    def _around(self, template: str, name: str, expression: str) -> str:
        return regex(template, slot=_no_slot, rules={name: re.compile(expression)}, spaced=self._grammar.spaced)

    def _any_of(self, words: "object") -> str:
        """Any of the words, the longest first; nothing where there is none."""
        space = BETWEEN_WORDS if self._grammar.spaced else ""
        forms = sorted({folded(str(word)) for word in words}, key=len, reverse=True)  # type: ignore[attr-defined]
        return self._any(space.join(re.escape(word) for word in form.split()) for form in forms)

    def _any(self, expressions: "object") -> str:
        return rf"(?:{'|'.join(expressions) or '(?!)'})"  # type: ignore[call-overload]


@cache
def entities_of(language: str) -> Entities | None:
    """The entities of `language`; None if it has no grammar."""
    grammar = grammar_of(language)
    return Entities(grammar) if grammar is not None else None


def number_of(digits: str, decimal: str) -> float:
    """The number that is written as `digits`: `decimal` separates its decimals, the other sign its thousands."""
    other = "," if decimal == "." else "."
    if digits.count(decimal) == 0 and digits.count(other) == 1:
        whole, part = digits.split(other)
        # "1,000" is a thousand where a comma separates thousands, "1,5" is a decimal anywhere.
        return float(whole + part) if len(part) == 3 and whole != "0" else float(f"{whole}.{part}")
    return float(digits.replace(other, "").replace(decimal, ".")) if digits.count(decimal) <= 1 else float("nan")


def hours_of(part: DayPart) -> range:
    """The hours of a part of the day, from its first on; those past midnight are 24 and more."""
    return range(part.first, (part.last if part.last > part.first else part.last + 24) + 1)


def _spoken_time(groups: Mapping[str, str | None], said: Said, part: str) -> SpokenTime | None:
    hour = int(groups["h"]) if groups.get("h") else said.hour
    minute = said.minute
    if groups.get("m"):
        minute += -int(groups["m"] or 0) if said.before else int(groups["m"] or 0)
    if hour is None or not 0 <= hour <= 24 or not -60 < minute < 60:
        return None
    total = hour * 60 + minute
    return SpokenTime(total // 60 % 25 if total >= 0 else 23, total % 60, part or said.part)


def _with(moment: Moment, **changes: object) -> Moment:
    from dataclasses import replace

    return replace(moment, **changes)  # type: ignore[arg-type]


def _index(forms: tuple[tuple[str, ...], ...], text: str) -> int:
    return next(index for index, words in enumerate(forms) if text in {folded(word) for word in words})


def _without_groups(expression: str) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", expression)


def _no_slot(name: str) -> str:
    raise ValueError(f"a slot {{{name}}} in a phrase that has none")
