"""What time it is, here and elsewhere, and what day; how long until one; holidays, sun and moon."""

from collections.abc import Callable
from datetime import date, timedelta

from assistant.answers.skills import moon
from assistant.answers.skills.base import Reply, Request, Skill, Topic
from assistant.answers.skills.feasts import feast_in, last_feast, next_feast, year_before
from assistant.places.places import Place, find
from assistant.understanding.resolve import resolve_day
from assistant.understanding.values import Moment, SpokenDay

Answers = Callable[["CalendarSkill", Request], Reply | None]

SMALL_WORDS = frozenset(
    {"of", "the", "on", "am", "an", "der", "im", "de", "del", "la", "las", "los", "du", "des", "sur", "le"}
)
"""Written small within the name of a place."""


class CalendarSkill(Skill):
    """Answers questions about time and days."""

    name = "calendar"

    def warm(self, language: str) -> None:
        """Import the libraries of holidays and of the sky, and read the places: 0.3 s."""
        import holidays

        holidays.country_holidays("DE", years=2026)
        find("", language)

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def time(self, request: Request) -> Reply:
        """What time it is here."""
        return self._said(request, "time", time=request.speech.time(request.now))

    def time_in(self, request: Request) -> Reply | None:
        """What time it is elsewhere, and the day where it is another."""
        place = _place(request)
        if place is None:
            return _unknown(request)
        there = request.now.astimezone(place.time_zone)
        time, name = request.speech.time(there), _called(request, place)
        if there.date() == request.now.date():
            return self._said(request, "time_in", time=time, place=name)
        day = request.speech.grammar.spoken.weekdays[there.weekday()]
        return self._said(request, "time_in_day", time=time, place=name, day=day)

    def time_known(self, request: Request) -> Reply | None:
        """As `time_in`, of words that are about something else where the place is none: "time in prison"."""
        return self.time_in(request) if _place(request) is not None else None

    def difference(self, request: Request) -> Reply:
        """By how much clocks elsewhere differ from here."""
        place = _place(request)
        if place is None:
            return _unknown(request)
        there = request.now.astimezone(place.time_zone)
        ahead = (there.utcoffset() or timedelta()) - (request.now.utcoffset() or timedelta())
        name = _called(request, place)
        if not ahead:
            return self._said(request, "same_time", place=name)
        reply = "ahead" if ahead > timedelta() else "behind"
        return self._said(request, reply, place=name, duration=request.speech.duration(abs(ahead)))

    def date_of(self, request: Request) -> Reply:
        """What day of the month it is, was or will be."""
        day = self._day(request, SpokenDay(offset=0))
        if day is None:
            return Reply(request.say("no_day"))
        return self._said(request, "date", date=request.speech.full_date(day, request.now.date()))

    def weekday(self, request: Request) -> Reply:
        """Which day of the week it is, was or will be."""
        day = self._day(request, SpokenDay(offset=0))
        if day is None:
            return Reply(request.say("no_day"))
        today = request.now.date()
        weekday = request.speech.grammar.spoken.weekdays[day.weekday()]
        if day == today:
            return self._said(request, "date", date=request.speech.full_date(day, today))
        reply = "weekday_was" if day < today else "weekday_will"
        return self._said(request, reply, weekday=weekday, date=request.speech.full_date(day, today))

    def week(self, request: Request) -> Reply:
        """The number of the week, as ISO 8601 counts."""
        return self._said(request, "week", week=request.now.isocalendar().week)

    def month(self, request: Request) -> Reply:
        """Which month it is."""
        return self._said(request, "month", month=request.speech.grammar.spoken.months[request.now.month - 1])

    def year(self, request: Request) -> Reply:
        """Which year it is."""
        return self._said(request, "year", year=request.now.year)

    def days_until(self, request: Request) -> Reply:
        """How long it is until a day."""
        return self._distance(request, self._day(request, None))

    def days_since(self, request: Request) -> Reply:
        """How long ago a day was."""
        return self._distance(request, self._past_day(request))

    def _distance(self, request: Request, day: date | None) -> Reply:
        if day is None:
            return Reply(request.say("no_day"))
        today = request.now.date()
        days = (day - today).days
        when = request.speech.full_date(day, today)
        if not days:
            return self._said(request, "is_today")
        reply = "days_since" if days < 0 else "days_until"
        return self._said(request, reply, count=abs(days), days=request.speech.counted(abs(days), "day"), date=when)

    def when(self, request: Request) -> Reply:
        """When a day with a name is."""
        return self.date_of(request)

    def holiday(self, request: Request) -> Reply:
        """The next public holiday where the device is, or whether a day is one."""
        import holidays

        country = request.house.place.country
        if country not in holidays.list_supported_countries():
            return Reply(request.say("no_holidays"))
        today = request.now.date()
        spoken = request.value("day")
        language = request.speech.language
        years = [today.year, today.year + 1]
        table = holidays.country_holidays(country, years=years, language=_holiday_language(country, language))
        if isinstance(spoken, SpokenDay):
            day = resolve_day(spoken, request.now)
            name = table.get(day) if day is not None else None
            return self._said(request, "is_holiday" if name else "is_no_holiday", name=name)
        day = min(each for each in table if each > today)
        return self._said(request, "next_holiday", name=table[day], date=request.speech.full_date(day, today))

    def sun(self, request: Request) -> Reply:
        """When the sun rises or sets, where the device is or elsewhere."""
        from astral import LocationInfo
        from astral.sun import sun

        elsewhere = bool(request.text("place") or request.text("place_alias"))
        place, event = _place(request) if elsewhere else request.house.place, str(request.value("sun") or "sunrise")
        if place is None:
            return _unknown(request)
        if place.latitude is None or place.longitude is None:
            return Reply(request.say("no_place"))
        day, now = self._day(request, None), request.now.astimezone(place.time_zone)
        at = LocationInfo(place.name, "", place.zone, place.latitude, place.longitude).observer
        wanted = day or now.date()
        try:
            when = sun(at, wanted, tzinfo=place.time_zone)[event]
            if day is None and when < now:
                wanted += timedelta(days=1)
                when = sun(at, wanted, tzinfo=place.time_zone)[event]
        except ValueError:  # polar day or night
            return self._said(request, "no_sun")
        spoken = request.speech.grammar.spoken
        near = request.speech.day(wanted, now.date())
        at_time = spoken.at.format(time=request.speech.time(when))
        reply = f"{event}_in" if elsewhere else event
        moment = spoken.day_and_time.format(day=near, at=at_time)
        return self._said(request, reply, when=moment, place=_called(request, place))

    def moon(self, request: Request) -> Reply:
        """The phase of the moon."""
        number = moon.phase(request.now.date(), request.house.place.time_zone)
        return self._said(request, f"moon_{number}")

    def next_moon(self, request: Request) -> Reply:
        """When a phase of the moon is next."""
        today, name = request.now.date(), str(request.value("phase"))
        day = moon.next_phase(name, today, request.house.place.time_zone)
        if day == today:
            return self._said(request, f"moon_{2 * moon.NAMES.index(name)}")
        return self._said(request, f"next_{name}", date=request.speech.full_date(day, today))

    def _said(self, request: Request, reply: str, **values: object) -> Reply:
        return Reply(request.say(reply, **values), topic=Topic(self.name, (request.intent,)))

    def _day(self, request: Request, default: SpokenDay | None) -> date | None:
        """The day that was said: by its name, its number, or its distance."""
        if isinstance(rule := request.value("feast"), str):
            if isinstance(years := request.value("year_of"), str):
                return feast_in(rule, request.now.year + int(years))
            return next_feast(rule, request.now.date())
        spoken = request.value("day")
        if isinstance(moment := request.value("moment"), Moment):
            if moment.later is not None:
                return (request.now + moment.later).date()
            spoken = moment.day
        day = spoken if isinstance(spoken, SpokenDay) else default
        return resolve_day(day, request.now) if day is not None else None

    def _past_day(self, request: Request) -> date | None:
        """The day that was said, the latest that is not ahead."""
        today = request.now.date()
        if isinstance(rule := request.value("feast"), str):
            return last_feast(rule, today)
        day = self._day(request, None)
        if day is None or day <= today:
            return day
        spoken = request.value("day")
        if isinstance(spoken, SpokenDay) and spoken.weekday is not None:
            return day - timedelta(days=7)
        return year_before(day)


_INTENTS: dict[str, Answers] = {
    "time": CalendarSkill.time,
    "time_in": CalendarSkill.time_in,
    "time_known": CalendarSkill.time_known,
    "difference": CalendarSkill.difference,
    "date": CalendarSkill.date_of,
    "weekday": CalendarSkill.weekday,
    "week": CalendarSkill.week,
    "month": CalendarSkill.month,
    "year": CalendarSkill.year,
    "days_until": CalendarSkill.days_until,
    "days_since": CalendarSkill.days_since,
    "when": CalendarSkill.when,
    "holiday": CalendarSkill.holiday,
    "sun": CalendarSkill.sun,
    "moon": CalendarSkill.moon,
    "next_moon": CalendarSkill.next_moon,
}


def _place(request: Request) -> Place | None:
    if isinstance(alias := request.value("place_alias"), str):
        return find(alias)
    return find(request.name("place"), request.heard.language)


def _holiday_language(country: str, language: str) -> str | None:
    """A language in which `holidays` has the names of `country`; None for its own."""
    import holidays

    known = holidays.list_localized_countries().get(country, [])
    return next((each for each in known if each.partition("_")[0] == language), None)


def _unknown(request: Request) -> Reply:
    return Reply(request.say("unknown_place", place=_capitals(request.name("place"))))


def _called(request: Request, place: Place) -> str:
    """What `place` is called, as it was said."""
    return _capitals(request.text("place_alias") or request.name("place") or place.name)


def _capitals(name: str) -> str:
    words = name.split(" ")
    return " ".join(word if number and word in SMALL_WORDS else _capital(word) for number, word in enumerate(words))


def _capital(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))
