"""Timers: many, by name, with more and less time, standing still and going on."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from assistant.agenda.entry import MAX_AHEAD, Entry, Kind, later
from assistant.answers.base import Act
from assistant.answers.skills.base import Reply, Request, Skill, asking
from assistant.answers.skills.entries import about, by_name, entries_of, put, take

UNITS = (timedelta(hours=1), timedelta(minutes=1))

Answers = Callable[["TimersSkill", Request], Reply | None]


class TimersSkill(Skill):
    """Answers requests about timers, those of the room where it is asked."""

    name = "timers"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        return _INTENTS[request.intent](self, request)

    def start(self, request: Request) -> Reply:
        """Set another one."""
        duration = request.value("duration")
        assert isinstance(duration, timedelta)
        if not duration:
            return asking(request, "zero", "duration", "duration", "number")
        if duration > MAX_AHEAD:
            return Reply(request.say("too_long"))
        name = _name(request)
        timer = Entry(
            id=secrets.token_hex(4),
            kind=Kind.TIMER,
            room=request.room,
            due=later(request.now, duration),
            name=name,
            length=duration,
            language=request.speech.language,
        )
        spoken = request.speech.duration(duration)
        done = request.say("started_named", name=name[:1].upper() + name[1:], duration=spoken) if name else ""
        act = Act(put(request.house.agenda, timer, None), done or request.say("started", duration=spoken))
        return Reply(acts=(act,), topic=request.names(self.name, timer.id))

    def ask_length(self, request: Request) -> Reply:
        """Ask how long it is to be."""
        asked = replace(request.match, intent="start")
        return asking(replace(request, match=asked), "how_long", "duration", "duration")

    def cancel(self, request: Request) -> Reply:
        """Take one away."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        done = request.say("cancelled_named", name=chosen.name) if chosen.name else request.say("cancelled")
        act = Act(take(request.house.agenda, [chosen]), done)
        return Reply(acts=(act,), topic=request.names(self.name))

    def cancel_all(self, request: Request) -> Reply:
        """Take all away."""
        timers = entries_of(request, Kind.TIMER)
        if not timers:
            return Reply(request.say("none"))
        done = request.say("all_cancelled", count=len(timers))
        return Reply(acts=(Act(take(request.house.agenda, timers), done),), topic=request.names(self.name))

    def left(self, request: Request) -> Reply:
        """Tell how long one still runs; without a name all of them."""
        timers = entries_of(request, Kind.TIMER)
        if len(about(request, self.name, timers)) > 1 and not _is_specific(request):
            return self.list(request)
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        left = request.speech.duration(_rounded(chosen.remaining(request.now)))
        topic = request.names(self.name, chosen.id)
        if chosen.is_paused:
            return Reply(request.say("left_paused", left=left), topic=topic)
        if chosen.name:
            return Reply(request.say("left_named", left=left, name=chosen.name), topic=topic)
        return Reply(request.say("left", left=left), topic=topic)

    def list(self, request: Request) -> Reply:
        """Tell which there are."""
        timers = entries_of(request, Kind.TIMER)
        if not timers:
            return Reply(request.say("none"))
        if len(timers) == 1:
            return self.left(replace(request, match=replace(request.match, slots={})))
        each = [
            request.say(
                "left_named",
                left=request.speech.duration(_rounded(timer.remaining(request.now))),
                name=_called(timer, request),
            )
            for timer in timers
        ]
        return Reply(" ".join([request.say("count", count=len(timers)), *each]), topic=request.names(self.name))

    def add(self, request: Request) -> Reply:
        """Let one run for longer."""
        return self._extended(request, 1)

    def subtract(self, request: Request) -> Reply:
        """Let one end sooner."""
        return self._extended(request, -1)

    def change(self, request: Request) -> Reply:
        """Give one another length, from now on."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        duration = _new_length(request, chosen)
        if not duration or duration > MAX_AHEAD:
            return Reply(request.say("too_long" if duration else "zero"))
        left = duration if chosen.is_paused else None
        changed = replace(chosen, due=later(request.now, duration), length=duration, left=left)
        done = request.say("changed", duration=request.speech.duration(duration))
        return self._put(request, changed, chosen, done)

    def pause(self, request: Request) -> Reply:
        """Let one stand still."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        if chosen.is_paused:
            return Reply(request.say("is_paused"))
        left = request.speech.duration(_rounded(chosen.remaining(request.now)))
        return self._put(request, chosen.paused(request.now), chosen, request.say("paused", left=left))

    def resume(self, request: Request) -> Reply:
        """Let one go on."""
        paused = [timer for timer in entries_of(request, Kind.TIMER) if timer.is_paused]
        chosen = paused[0] if len(paused) == 1 and not _is_specific(request) else self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        if not chosen.is_paused:
            return Reply(request.say("not_paused"))
        left = request.speech.duration(_rounded(chosen.remaining(request.now)))
        return self._put(request, chosen.resumed(request.now), chosen, request.say("resumed", left=left))

    def again(self, request: Request) -> Reply:
        """Set the last one once more, from its beginning."""
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        length = chosen.length or timedelta()
        anew = replace(chosen, id=secrets.token_hex(4), due=later(request.now, length), left=None)
        done = request.say("started", duration=request.speech.duration(length))
        return self._put(request, anew, None, done)

    def call(self, request: Request) -> Reply:
        """Give the last one a name."""
        chosen = self._chosen(replace(request, match=replace(request.match, slots={})))
        if isinstance(chosen, Reply):
            return chosen
        named = replace(chosen, name=_name(request))
        return self._put(request, named, chosen, request.say("renamed", name=named.name))

    def _extended(self, request: Request, sign: int) -> Reply:
        duration = request.value("duration")
        assert isinstance(duration, timedelta)
        chosen = self._chosen(request)
        if isinstance(chosen, Reply):
            return chosen
        if sign < 0 and chosen.remaining(request.now) <= duration:
            return Reply(request.say("over"))
        if duration > MAX_AHEAD:
            return Reply(request.say("too_long"))
        longer = chosen.extended(sign * duration, request.now)
        left = request.speech.duration(_rounded(longer.remaining(request.now)))
        return self._put(request, longer, chosen, request.say("added", left=left))

    def _put(self, request: Request, timer: Entry, before: Entry | None, done: str) -> Reply:
        act = Act(put(request.house.agenda, timer, before), done)
        return Reply(acts=(act,), topic=request.names(self.name, timer.id))

    def _chosen(self, request: Request) -> Entry | Reply:
        """The timer that is meant, or what is said where that is none, or not known."""
        timers = entries_of(request, Kind.TIMER)
        if not timers:
            return Reply(request.say("none"))
        found = self._meant(request, timers)
        if len(found) == 1:
            return found[0]
        if not found:
            name = request.text("name") or request.text("length")
            return Reply(request.say("none_named", name=name) if name else request.say("none"))
        names = request.speech.all_of([_called(timer, request) for timer in found])
        return replace(asking(request, "none", "name", "duration", "text"), text=request.say("which", names=names))

    def _meant(self, request: Request, timers: Sequence[Entry]) -> Sequence[Entry]:
        if which := request.value("which"):
            return _by_place(str(which), timers, request)
        if name := request.text("name"):
            return by_name(name, timers) or _by_words(name, timers, request)
        if isinstance(length := request.value("length"), timedelta):
            return [timer for timer in timers if timer.length == length]
        return about(request, self.name, timers)


_INTENTS: dict[str, Answers] = {
    "start": TimersSkill.start,
    "another": TimersSkill.start,
    "ask_length": TimersSkill.ask_length,
    "cancel": TimersSkill.cancel,
    "cancel_all": TimersSkill.cancel_all,
    "left": TimersSkill.left,
    "list": TimersSkill.list,
    "add": TimersSkill.add,
    "subtract": TimersSkill.subtract,
    "change": TimersSkill.change,
    "pause": TimersSkill.pause,
    "resume": TimersSkill.resume,
    "again": TimersSkill.again,
    "name": TimersSkill.call,
}


def _name(request: Request) -> str:
    name = request.name("name")
    return name if request.heard.language == "de" else name.lower()


def _called(timer: Entry, request: Request) -> str:
    length = request.speech.duration(timer.length or timedelta())
    return timer.name or length


def _is_specific(request: Request) -> bool:
    return any(request.value(slot) for slot in ("name", "length", "which"))


def _new_length(request: Request, timer: Entry) -> timedelta:
    """How long it is to be now; a bare number is of the largest unit that it was set in."""
    duration, number = request.value("duration"), request.value("bare")
    if isinstance(duration, timedelta):
        return duration
    assert isinstance(number, float)
    length = timer.length or timedelta()
    unit = next((unit for unit in UNITS if length >= unit and not length % unit), timedelta(seconds=1))
    return number * unit if number * unit < MAX_AHEAD else MAX_AHEAD + unit


def _by_words(words: str, timers: Sequence[Entry], request: Request) -> Sequence[Entry]:
    """A timer that is called by its length: "the ten minute one"."""
    length = request.heard.entities.duration(request.heard.understanding.utterance(words).line)
    return [timer for timer in timers if length and timer.length == length]


def _by_place(which: str, timers: Sequence[Entry], request: Request) -> Sequence[Entry]:
    by_time = sorted(timers, key=lambda timer: timer.remaining(request.now))
    match which:
        case "first":
            return timers[:1]
        case "last":
            return timers[-1:]
        case "short":
            return by_time[:1]
        case "long":
            return by_time[-1:]
    latest = request.topic.about[:1]
    return [timer for timer in timers if timer.id not in latest] if latest else timers[1:2]


def _rounded(left: timedelta) -> timedelta:
    """As people say it: to the second below two minutes, to five seconds below ten, else to the minute."""
    seconds = left.total_seconds()
    step = 1 if seconds < 120 else 5 if seconds < 600 else 60
    return timedelta(seconds=round(seconds / step) * step)
