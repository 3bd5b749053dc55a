"""Reminders: what is to be said, and when."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.agenda.entry import Entry, Kind
from assistant.answers.base import Act
from assistant.answers.skills.base import Reply, Request, Skill, asking
from assistant.answers.skills.dated import entry_at, moved, said_moment, unfit, when_of
from assistant.answers.skills.entries import about, by_name, entries_of, put, soonest, take
from assistant.understanding.resolve import resolve
from assistant.understanding.sentences import Slot
from assistant.understanding.values import Moment, SpokenTime

Answers = Callable[["RemindersSkill", Request], Reply | None]

MORNING = SpokenTime(9)
"""When somebody is reminded who named a day and no time."""


class RemindersSkill(Skill):
    """Answers requests about reminders, those of the room where it is asked."""

    name = "reminders"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def set(self, request: Request) -> Reply:
        """Set another one."""
        text = request.heard.turned(request.text("text").strip())
        if not text:
            return asking(request, "what", "text", "text")
        moment = _with_time(said_moment(request))
        if moment == Moment():
            return asking(request, "when", "moment", "moment", "time", "duration")
        due = resolve(moment, request.now, request.heard.grammar)
        if due is None:
            return asking(request, "when", "moment", "moment", "time", "duration")
        if (wrong := unfit(request, moment, due)) is not None:
            return Reply(wrong)
        reminder = entry_at(request, Kind.REMINDER, moment, due, text)
        done = request.say("set", when=when_of(reminder, request), text=text)
        act = Act(put(request.house.agenda, reminder, None), done)
        return Reply(acts=(act,), topic=request.names(self.name, reminder.id))

    def list(self, request: Request) -> Reply:
        """Tell which there are."""
        reminders = soonest(entries_of(request, Kind.REMINDER), request.now)
        if not reminders:
            return Reply(request.say("none"))
        each = [request.say("entry", text=entry.name, when=when_of(entry, request)) for entry in reminders]
        text = request.say("list", count=len(reminders), reminders=request.speech.all_of(each))
        return Reply(text, topic=request.names(self.name, reminders[0].id))

    def cancel(self, request: Request) -> Reply:
        """Take one away."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        act = Act(take(request.house.agenda, [chosen]), request.say("cancelled", text=chosen.name))
        return Reply(acts=(act,), topic=request.names(self.name))

    def cancel_all(self, request: Request) -> Reply:
        """Take all away."""
        reminders = entries_of(request, Kind.REMINDER)
        if not reminders:
            return Reply(request.say("none"))
        done = request.say("all_cancelled", count=len(reminders))
        return Reply(acts=(Act(take(request.house.agenda, reminders), done),), topic=request.names(self.name))

    def change(self, request: Request) -> Reply:
        """Move one to another time."""
        chosen = self._chosen(replace(request, match=replace(request.match, slots=_named(request))))
        if isinstance(chosen, Reply):
            return chosen
        moment = _with_time(said_moment(request))
        day = chosen.due.astimezone(request.now.tzinfo)
        if moment.day is None and moment.later is None and not moment.weekdays and day.date() > request.now.date():
            due = resolve(moment, day.replace(hour=0, minute=0), request.heard.grammar)
        else:
            due = resolve(moment, request.now, request.heard.grammar)
        if due is None:
            return asking(request, "when", "moment", "moment", "time", "duration")
        if (wrong := unfit(request, moment, due)) is not None:
            return Reply(wrong)
        later = moved(chosen, moment, due, request)
        act = Act(put(request.house.agenda, later, chosen), request.say("changed", when=when_of(later, request)))
        return Reply(acts=(act,), topic=request.names(self.name, later.id))

    def _chosen(self, request: Request) -> Entry | Reply:
        reminders = entries_of(request, Kind.REMINDER)
        if not reminders:
            return Reply(request.say("none"))
        found = self._meant(request, reminders)
        if len(found) == 1:
            return found[0]
        if not found:
            return Reply(request.say("none_such"))
        each = request.speech.all_of([entry.name for entry in found])
        return replace(asking(request, "none", "text", "text"), text=request.say("which", reminders=each))

    def _meant(self, request: Request, reminders: Sequence[Entry]) -> Sequence[Entry]:
        if text := request.text("text"):
            return by_name(request.heard.turned(text), reminders)
        return about(request, self.name, reminders)


_INTENTS: dict[str, Answers] = {
    "set": RemindersSkill.set,
    "list": RemindersSkill.list,
    "cancel": RemindersSkill.cancel,
    "cancel_all": RemindersSkill.cancel_all,
    "change": RemindersSkill.change,
}


def _with_time(moment: Moment) -> Moment:
    """A day without a time is in its morning."""
    if moment.time is None and not moment.part and moment.later is None and (moment.day or moment.weekdays):
        return replace(moment, time=MORNING)
    return moment


def _named(request: Request) -> dict[str, Slot]:
    return {name: slot for name, slot in request.match.slots.items() if name == "text"}
