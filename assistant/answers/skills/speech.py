"""What skills say in a language: their sentences, and durations, times and days as people say them."""

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import msgspec

from assistant.understanding.durations import UNIT_S
from assistant.understanding.entities import Entities, entities_of
from assistant.understanding.grammar import Grammar, grammar_of
from assistant.understanding.requests import Understanding
from assistant.understanding.sentences import Sentences, SkillWords

DATA = Path(__file__).parent / "data"

ALONE = frozenset({"refusals"})

TELLING = frozenset({"calendar", "sums", "units", "spelling"})
"""Skills that change nothing."""


@dataclass(frozen=True)
class Speech:
    """A language that the skills speak."""

    language: str
    grammar: Grammar
    entities: Entities
    words: Mapping[str, SkillWords]
    """By skill."""
    understanding: Understanding

    def say(self, skill: str, reply: str, **values: object) -> str:
        """The sentence called `reply`; of several any. With `count` in a mapping the form for that number."""
        said = self.words[skill].replies[reply]
        if isinstance(said, Mapping):
            said = said["one"] if values.get("count") == 1 and "one" in said else said["many"]
        elif not isinstance(said, str):
            said = random.choice(said)
        return said.format(**values)

    def duration(self, duration: timedelta) -> str:
        """Say it in its two largest units that are not nothing: 1 hour and 5 minutes."""
        left, parts = round(duration.total_seconds()), []
        for unit in ("week", "day", "hour", "minute", "second"):
            count, rest = divmod(left, UNIT_S[unit])
            if unit == "week" and rest:
                continue
            left = rest
            if count:
                parts.append(self.counted(count, unit))
        if len(parts) > 2 and duration >= timedelta(days=1):
            parts = parts[:2]
        parts = parts or [self.counted(0, "second")]
        return self.all_of(parts) if self.grammar.spaced else "".join(parts)

    def number(self, value: float) -> str:
        """A number as it is worth saying: whole, or with two decimals, or with three digits where it is small."""
        near = round(value)
        if abs(value - near) < 1e-9 * max(1.0, abs(value)):
            return self._written(near, 0)
        decimals = 2 if abs(value) >= 1 else 2 - math.floor(math.log10(abs(value)))
        short = round(value, decimals)
        written = self._written(short, decimals)
        about = self.grammar.spoken.about if abs(short - value) > 1e-9 * abs(value) else "{number}"
        return about.format(number=written)

    def _written(self, value: float, decimals: int) -> str:
        """`value` in digits, with the language's decimal sign and without the zeros behind it."""
        digits = f"{value:.{decimals}f}"
        if decimals:
            digits = digits.rstrip("0").rstrip(".")
        whole, point, part = digits.removeprefix("-").partition(".")
        if len(whole) > 4:
            whole = f"{int(whole):,}".replace(",", self.grammar.spoken.thousands)
        sign = "−" if value < 0 else ""
        return f"{sign}{whole}{self.grammar.decimal if point else ''}{part}"

    def counted(self, count: int, unit: str) -> str:
        """A number and its unit."""
        one, many = self.grammar.spoken.units[unit]
        form = one if count == 1 else many
        return form if count == 1 and " " in one else self.with_unit(str(count), form)

    def with_unit(self, number: str, unit: str) -> str:
        """A number before what it counts."""
        return f"{number} {unit}" if self.grammar.spaced else f"{number}{unit}"

    def all_of(self, parts: Sequence[str]) -> str:
        """A list as it is spoken: a, b and c."""
        if len(parts) < 2:
            return "".join(parts)
        spoken = self.grammar.spoken
        return spoken.comma.join(parts[:-1]) + spoken.last + parts[-1]

    def time(self, moment: time | datetime) -> str:
        """A time of day."""
        spoken = self.grammar.spoken
        form = spoken.time if moment.minute else spoken.full_hour
        halves = spoken.halves or ("", "")
        return form.format(
            hour=moment.hour, hour12=moment.hour % 12 or 12, minute=moment.minute, half=halves[moment.hour >= 12]
        )

    def day(self, day: date, today: date) -> str:
        """A day as seen from `today`: today, tomorrow, on Friday, on May 8th."""
        spoken, ahead = self.grammar.spoken, (day - today).days
        if 0 <= ahead < len(spoken.near):
            return spoken.near[ahead]
        if 0 < ahead < 7:
            return spoken.on_weekday.format(weekday=spoken.weekdays[day.weekday()])
        return self._date(day, spoken.on_date if day.year == today.year else spoken.on_date_of_year)

    def full_date(self, day: date, today: date) -> str:
        """A date in full: Wednesday, March 18th; with its year unless it is that of `today`."""
        spoken = self.grammar.spoken
        return self._date(day, spoken.full_date if day.year == today.year else spoken.full_date_of_year)

    def _date(self, day: date, form: str) -> str:
        spoken = self.grammar.spoken
        return form.format(
            weekday=spoken.weekdays[day.weekday()],
            month=spoken.months[day.month - 1],
            day=spoken.days[day.day - 1] if spoken.days else day.day,
            year=day.year,
        )

    def moment(self, moment: datetime, now: datetime) -> str:
        """When, as seen from `now`: at 7:30 AM; tomorrow at 8 PM."""
        spoken = self.grammar.spoken
        when = spoken.at.format(time=self.time(moment))
        local = moment.astimezone(now.tzinfo)
        when = spoken.at.format(time=self.time(local))
        if local.date() == now.date():
            return when
        return spoken.day_and_time.format(day=self.day(local.date(), now.date()), at=when)

    def without_articles(self, text: str) -> str:
        """`text` without an article before it."""
        words = text.split(" ")
        while len(words) > 1 and words[0].lower() in self.grammar.articles:
            words = words[1:]
        return " ".join(words)

    def turned(self, text: str) -> str:
        """What somebody said of themselves, as it is said to them: call my mother, call your mother."""
        words = self.grammar.spoken.turned

        def other(match: re.Match[str]) -> str:
            return words.get(match[0].lower().replace("’", "'"), match[0])

        return re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)*", other, text) if words else text

    def weekdays(self, days: Sequence[int]) -> str:
        """What recurs on `days`."""
        spoken = self.grammar.spoken
        if tuple(days) in spoken.recurring_days:
            return spoken.recurring[spoken.recurring_days.index(tuple(days))]
        return spoken.every.format(weekdays=self.all_of([spoken.weekdays[day] for day in days]))


def languages() -> list[str]:
    """Those that have words for skills."""
    return sorted(path.name for path in DATA.iterdir() if path.is_dir())


@cache
def speech_of(language: str) -> Speech | None:
    """The speech of `language` (ISO 639-1), read from its files; None if it has none. Takes a moment, in any thread."""
    grammar, entities = grammar_of(language), entities_of(language)
    folder = DATA / language
    if grammar is None or entities is None or not folder.is_dir():
        return None
    words = {
        path.stem: msgspec.yaml.decode(path.read_bytes(), type=SkillWords) for path in sorted(folder.glob("*.yaml"))
    }
    sentences = Sentences(words, entities, language=language, spaced=grammar.spaced)
    entities.warm()
    sentences.warm()
    understanding = Understanding(grammar, entities, sentences, alone=ALONE, telling=TELLING)
    understanding.requests("1")
    return Speech(language, grammar, entities, words, understanding)
