"""What the skills of timers, alarms and reminders share: which entry is meant, and changes of the agenda."""

from collections.abc import Sequence
from datetime import datetime
from difflib import SequenceMatcher

from assistant.agenda.agenda import Agenda
from assistant.agenda.entry import Entry, Kind
from assistant.answers.skills.base import Change, Request
from assistant.language.patterns import folded

MIN_ALIKE = 0.75
"""Of a name as it was recognised and as it was given: "pasta" and "basta" are 0.8."""


def put(agenda: Agenda, entry: Entry, before: Entry | None) -> Change:
    """Add or replace; undoing it brings `before` back."""

    async def do() -> None:
        await agenda.put(entry)

    async def back() -> None:
        if before is None:
            await agenda.remove([entry.id])
        else:
            await agenda.put(before)

    return Change(do, back)


def take(agenda: Agenda, entries: Sequence[Entry]) -> Change:
    """Remove; undoing it brings them back."""

    async def do() -> None:
        await agenda.remove([entry.id for entry in entries])

    async def back() -> None:
        for entry in entries:
            await agenda.put(entry)

    return Change(do, back)


def entries_of(request: Request, *kinds: Kind) -> list[Entry]:
    """Those of the room where it is asked, in the order in which they were set."""
    entries = request.house.agenda.entries
    return [entry for entry in entries if entry.kind in kinds and entry.room == request.room]


def by_name(name: str, entries: Sequence[Entry]) -> list[Entry]:
    """Those whose name is most like `name`, and enough."""
    wanted = folded(name)
    found = [(alike(wanted, folded(entry.name)), entry) for entry in entries if entry.name]
    best = max((ratio for ratio, _ in found), default=0.0)
    return [entry for ratio, entry in found if ratio == best] if best >= MIN_ALIKE else []


def about(request: Request, skill: str, entries: Sequence[Entry]) -> list[Entry]:
    """The one that was talked about last, if it is among `entries`; else all of them."""
    if request.topic.skill == skill:
        for id in request.topic.about:
            if found := [entry for entry in entries if entry.id == id]:
                return found
    return list(entries)


def soonest(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """Those entries, what is due next first."""
    return sorted(entries, key=lambda entry: entry.remaining(now))


def alike(wanted: str, name: str) -> float:
    """How much two names are alike, 0 to 1; 1 where all words of `wanted` are in `name`."""
    words = set(wanted.split())
    return 1.0 if words and words <= set(name.split()) else SequenceMatcher(None, wanted, name).ratio()
