"""What is said to something that rings: stop, snooze, what was that."""

import secrets
from dataclasses import replace
from datetime import timedelta

from assistant.agenda.entry import MAX_AHEAD, Entry, later
from assistant.answers.base import Act
from assistant.answers.skills.base import Change, Reply, Request, Skill

SNOOZE = timedelta(minutes=9)
"""As clocks have had it since their gears allowed no ten."""


class RingingSkill(Skill):
    """Answers while something rings, and for a while after it."""

    name = "ringing"

    def answer(self, request: Request) -> Reply | None:
        """As `Skill.answer`."""
        bell = request.house.bell
        entries = bell.ringing(request.room) if bell is not None else ()
        if bell is None or not entries:
            return None
        match request.intent:
            case "snooze":
                return self._snooze(request, entries[0])
            case "what":
                return Reply(request.say("was", what=_told(request, entries[0])))

        async def stop() -> None:
            bell.hush([entry.id for entry in entries])

        return Reply(acts=(Act(Change(stop), request.say("stopped")),))

    def _snooze(self, request: Request, entry: Entry) -> Reply:
        """Let `entry` ring again later; what recurs keeps its own times."""
        duration = request.value("duration") or SNOOZE
        assert isinstance(duration, timedelta)
        duration = min(duration, MAX_AHEAD)
        due = later(request.now, duration)
        again = replace(entry, id=secrets.token_hex(4), due=due, wall=None, weekdays=(), left=None)
        agenda, bell = request.house.agenda, request.house.bell
        assert bell is not None

        async def do() -> None:
            await agenda.put(again)
            bell.hush([entry.id], "snoozed")

        async def back() -> None:
            await agenda.remove([again.id])

        done = request.say("snoozed", duration=request.speech.duration(duration))
        return Reply(acts=(Act(Change(do, back), done),))


def _told(request: Request, entry: Entry) -> str:
    """What rang, in words."""
    if entry.name:
        return entry.name
    if entry.length is not None:
        return request.speech.say("timers", "of_length", length=request.speech.duration(entry.length))
    return request.speech.moment(entry.due, request.now)
