"""Alarms: once or again and again, by the clock on the wall."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, timedelta

from assistant.agenda.entry import MAX_AHEAD, Entry, Kind, next_time
from assistant.answers.base import Act
from assistant.answers.skills.base import Reply, Request, Skill, asking
from assistant.answers.skills.dated import entry_at, moved, said_moment, unfit, when_of
from assistant.answers.skills.entries import about, by_name, entries_of, put, soonest, take
from assistant.understanding.resolve import resolve, resolve_day
from assistant.understanding.values import Moment

Answers = Callable[["AlarmsSkill", Request], Reply | None]


class AlarmsSkill(Skill):
    """Answers requests about alarms, those of the room where it is asked."""

    name = "alarms"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def set(self, request: Request) -> Reply:
        """Set another one."""
        moment = said_moment(request)
        due = resolve(moment, request.now, request.heard.grammar, waking=True)
        if due is None:
            return asking(request, "what_time", "moment", "moment", "time")
        if (wrong := unfit(request, moment, due)) is not None:
            return Reply(wrong)
        alarm = entry_at(request, Kind.ALARM, moment, due, request.name("name"))
        act = Act(put(request.house.agenda, alarm, None), request.say("set", when=when_of(alarm, request)))
        return Reply(acts=(act,), topic=request.names(self.name, alarm.id))

    def ask_time(self, request: Request) -> Reply:
        """Ask when it is to ring."""
        asked = replace(request.match, intent="set")
        return asking(replace(request, match=asked), "what_time", "moment", "moment", "time")

    def cancel(self, request: Request) -> Reply:
        """Take one away."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        act = Act(take(request.house.agenda, [chosen]), request.say("cancelled", when=when_of(chosen, request)))
        return Reply(acts=(act,), topic=request.names(self.name))

    def cancel_all(self, request: Request) -> Reply:
        """Take all away."""
        alarms = entries_of(request, Kind.ALARM)
        if not alarms:
            return Reply(request.say("none"))
        done = request.say("all_cancelled", count=len(alarms))
        return Reply(acts=(Act(take(request.house.agenda, alarms), done),), topic=request.names(self.name))

    def list(self, request: Request) -> Reply:
        """Tell which there are."""
        alarms = soonest(entries_of(request, Kind.ALARM), request.now)
        if not alarms:
            return Reply(request.say("none"))
        each = request.speech.all_of([when_of(alarm, request) for alarm in alarms])
        topic = request.names(self.name, alarms[0].id)
        return Reply(request.say("list", count=len(alarms), alarms=each), topic=topic)

    def next(self, request: Request) -> Reply:
        """Tell when the next one rings."""
        alarms = soonest(entries_of(request, Kind.ALARM), request.now)
        if not alarms:
            return Reply(request.say("none"))
        when = request.speech.moment(alarms[0].due, request.now)
        return Reply(request.say("next", when=when), topic=request.names(self.name, alarms[0].id))

    def change(self, request: Request) -> Reply:
        """Move one to another time; what is said of it replaces what it had."""
        chosen = self._chosen(replace(request, match=replace(request.match, slots={})))
        if isinstance(chosen, Reply):
            return chosen
        moment = said_moment(request)
        if moment.day is None and moment.later is None and not moment.weekdays:
            local = chosen.due.astimezone(request.now.tzinfo)
            within = local.replace(hour=0, minute=0) - timedelta(minutes=1)
            due = resolve(moment, max(within, request.now), request.heard.grammar, waking=True)
        else:
            due = resolve(moment, request.now, request.heard.grammar, waking=True)
        if due is None:
            return asking(request, "what_time", "moment", "moment", "time")
        if (wrong := unfit(request, moment, due)) is not None:
            return Reply(wrong)
        return self._put(request, moved(chosen, moment, due, request), chosen)

    def later(self, request: Request) -> Reply:
        """Let one ring so much later."""
        return self._shifted(request, 1)

    def earlier(self, request: Request) -> Reply:
        """Let one ring so much sooner."""
        return self._shifted(request, -1)

    def skip(self, request: Request) -> Reply:
        """Leave out the next time of one that recurs."""
        recurring = [alarm for alarm in entries_of(request, Kind.ALARM) if alarm.weekdays]
        if not recurring:
            return Reply(request.say("none_recurring"))
        chosen = soonest(recurring, request.now)[0]
        assert chosen.wall is not None
        later = replace(chosen, due=next_time(chosen.wall, chosen.weekdays, chosen.due.astimezone(request.now.tzinfo)))
        done = request.say("skipped", when=request.speech.moment(later.due, request.now))
        act = Act(put(request.house.agenda, later, chosen), done)
        return Reply(acts=(act,), topic=request.names(self.name, chosen.id))

    def _shifted(self, request: Request, sign: int) -> Reply:
        duration = request.value("duration")
        assert isinstance(duration, timedelta)
        chosen = self._chosen(replace(request, match=replace(request.match, slots={})))
        if isinstance(chosen, Reply):
            return chosen
        if duration > MAX_AHEAD or (due := chosen.due + sign * duration) <= request.now.astimezone(UTC):
            return Reply(request.say("past"))
        wall = due.astimezone(request.now.tzinfo).time() if chosen.wall is not None else None
        return self._put(request, replace(chosen, due=due, wall=wall), chosen)

    def _put(self, request: Request, alarm: Entry, before: Entry) -> Reply:
        act = Act(put(request.house.agenda, alarm, before), request.say("changed", when=when_of(alarm, request)))
        return Reply(acts=(act,), topic=request.names(self.name, alarm.id))

    def _chosen(self, request: Request) -> Entry | Reply:
        """The alarm that is meant, or what is said where that is none, or not known."""
        alarms = entries_of(request, Kind.ALARM)
        if not alarms:
            return Reply(request.say("none"))
        found = self._meant(request, alarms)
        if len(found) == 1:
            return found[0]
        if not found:
            return Reply(request.say("none_such"))
        each = request.speech.all_of([when_of(alarm, request) for alarm in found])
        return replace(asking(request, "none", "moment", "moment", "time"), text=request.say("which", alarms=each))

    def _meant(self, request: Request, alarms: Sequence[Entry]) -> Sequence[Entry]:
        if name := request.name("name"):
            return by_name(name, alarms)
        moment = said_moment(request)
        if moment != Moment():
            return [alarm for alarm in alarms if _fits(alarm, moment, request)]
        return about(request, self.name, alarms)


_INTENTS: dict[str, Answers] = {
    "set": AlarmsSkill.set,
    "another": AlarmsSkill.set,
    "ask_time": AlarmsSkill.ask_time,
    "cancel": AlarmsSkill.cancel,
    "cancel_all": AlarmsSkill.cancel_all,
    "list": AlarmsSkill.list,
    "next": AlarmsSkill.next,
    "change": AlarmsSkill.change,
    "later": AlarmsSkill.later,
    "earlier": AlarmsSkill.earlier,
    "skip": AlarmsSkill.skip,
}


def _fits(alarm: Entry, moment: Moment, request: Request) -> bool:
    """Whether what was said of the time is true of `alarm`."""
    due = alarm.due.astimezone(request.now.tzinfo)
    time, day = moment.time, moment.day
    if time is not None and (due.hour % 12, due.minute) != (time.hour % 12, time.minute):
        return False
    if moment.weekdays and moment.weekdays != alarm.weekdays:
        return False
    return day is None or resolve_day(day, request.now) == due.date()
