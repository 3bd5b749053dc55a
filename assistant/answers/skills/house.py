"""What skills act on: the clock, the agenda, the rooms."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from assistant.agenda.agenda import Agenda
from assistant.agenda.entry import Entry
from assistant.config.schema import Place as PlaceSettings
from assistant.errors import AssistantError, Code
from assistant.host.time_zone import local_zone
from assistant.places.places import Place, alike, find, of_zone
from assistant.store.lists import Lists
from assistant.store.store import Store
from assistant.store.texts import Facts, Notes

GREENWICH = Place("Greenwich", "GB", "UTC", 51.48, 0.0)


class Volumes(Protocol):
    """The loudspeakers of the rooms."""

    def volume(self, room: str) -> float | None:
        """The volume of `room`, 0 to 1; None where it has no loudspeaker."""

    async def set_volume(self, room: str, level: float) -> None:
        """Set it. Raises `AssistantError`."""


class Bell(Protocol):
    """What rings."""

    def ringing(self, room: str) -> tuple[Entry, ...]:
        """What rings in `room`, or has rung a moment ago; the latest first."""

    def hush(self, ids: Iterable[str], state: str = "stopped") -> None:
        """Let nothing more be heard of these, which is an event with `state`."""


def local_now() -> datetime:
    """The moment, in the time zone of this machine."""
    return datetime.now(local_zone())


@dataclass
class House:
    """Shared by the skills of all rooms."""

    agenda: Agenda = field(default_factory=Agenda)
    volumes: Volumes | None = None
    bell: Bell | None = None
    lists: Lists | None = None
    notes: Notes | None = None
    facts: Facts | None = None
    place: Place = GREENWICH
    """Where the device is."""
    now: Callable[[], datetime] = local_now


def place_of(settings: PlaceSettings) -> Place:
    """Where `settings`, or else the time zone of this machine, say that the device is.

    Raises `AssistantError` (`config.invalid`) for a city that is not known.
    """
    if not settings.city:
        return of_zone(local_zone().key or "UTC")
    found = find(settings.city)
    if found is None:
        near = " or ".join(alike(settings.city)) or "a larger city near it"
        raise AssistantError(Code.CONFIG_INVALID, f"place.city: there is no {settings.city!r} here; try {near}")
    return found


def house_of(store: Store, *, place: Place | None = None, now: Callable[[], datetime] = local_now) -> House:
    """The house with what `store` keeps; without `place` it is where the time zone says."""
    return House(
        Agenda(store.agenda),
        lists=store.lists,
        notes=store.notes,
        facts=store.facts,
        place=place or place_of(PlaceSettings()),
        now=now,
    )
