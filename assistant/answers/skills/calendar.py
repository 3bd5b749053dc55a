"""What time it is, here and elsewhere, and what day; how long until one; holidays, sun and moon."""

from collections.abc import Callable
from datetime import date, timedelta

from assistant.answers.skills.base import Reply, Request, Skill, Topic
from assistant.answers.skills.feasts import next_feast
from assistant.places.places import Place, find
from assistant.understanding.resolve import resolve_day
from assistant.understanding.values import Moment, SpokenDay

Answers = Callable[["CalendarSkill", Request], Reply | None]

MOON_PHASES = (1.5, 6.4, 8.4, 13.3, 15.3, 20.7, 22.7, 27.0)
"""Days of astral's count of 28 up to which the moon is new, waxing crescent, in its first quarter, waxing gibbous,
full, waning gibbous, in its last quarter, and waning crescent; then it is new again."""


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
            return Reply(request.say("unknown_place", place=request.text("place")))
        there = request.now.astimezone(place.time_zone)
        time, name = request.speech.time(there), request.text("place") or place.name
        if there.date() == request.now.date():
            return self._said(request, "time_in", time=time, place=_capital(name))
        day = request.speech.grammar.spoken.weekdays[there.weekday()]
        return self._said(request, "time_in_day", time=time, place=_capital(name), day=day)

    def difference(self, request: Request) -> Reply:
        """By how much clocks elsewhere differ from here."""
        place = _place(request)
        if place is None:
            return Reply(request.say("unknown_place", place=request.text("place")))
        there = request.now.astimezone(place.time_zone)
        ahead = (there.utcoffset() or timedelta()) - (request.now.utcoffset() or timedelta())
        name = _capital(request.text("place") or place.name)
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
        """How long it is until a day, or since."""
        day = self._day(request, None)
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
        """When the sun rises or sets, where the device is."""
        from astral import LocationInfo
        from astral.sun import sun

        place, event = request.house.place, str(request.value("sun") or "sunrise")
        if place.latitude is None or place.longitude is None:
            return Reply(request.say("no_place"))
        day = self._day(request, None)
        at = LocationInfo(place.name, "", place.zone, place.latitude, place.longitude).observer
        wanted = day or request.now.date()
        try:
            when = sun(at, wanted, tzinfo=place.time_zone)[event]
            if day is None and when < request.now:
                wanted += timedelta(days=1)
                when = sun(at, wanted, tzinfo=place.time_zone)[event]
        except ValueError:  # polar day or night
            return self._said(request, "no_sun")
        spoken = request.speech.grammar.spoken
        today = request.now.date()
        near = request.speech.day(wanted, today)
        at_time = spoken.at.format(time=request.speech.time(when))
        return self._said(request, event, when=spoken.day_and_time.format(day=near, at=at_time))

    def moon(self, request: Request) -> Reply:
        """The phase of the moon."""
        from astral.moon import phase

        days = phase(request.now.date())
        number = next((index for index, last in enumerate(MOON_PHASES) if days < last), 0)
        return self._said(request, f"moon_{number}")

    def _said(self, request: Request, reply: str, **values: object) -> Reply:
        return Reply(request.say(reply, **values), topic=Topic(self.name, (request.intent,)))

    def _day(self, request: Request, default: SpokenDay | None) -> date | None:
        """The day that was said: by its name, its number, or its distance."""
        if isinstance(rule := request.value("feast"), str):
            return next_feast(rule, request.now.date())
        spoken = request.value("day")
        if isinstance(moment := request.value("moment"), Moment):
            if moment.later is not None:
                return (request.now + moment.later).date()
            spoken = moment.day
        day = spoken if isinstance(spoken, SpokenDay) else default
        return resolve_day(day, request.now) if day is not None else None


_INTENTS: dict[str, Answers] = {
    "time": CalendarSkill.time,
    "time_in": CalendarSkill.time_in,
    "difference": CalendarSkill.difference,
    "date": CalendarSkill.date_of,
    "weekday": CalendarSkill.weekday,
    "week": CalendarSkill.week,
    "month": CalendarSkill.month,
    "year": CalendarSkill.year,
    "days_until": CalendarSkill.days_until,
    "when": CalendarSkill.when,
    "holiday": CalendarSkill.holiday,
    "sun": CalendarSkill.sun,
    "moon": CalendarSkill.moon,
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


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
