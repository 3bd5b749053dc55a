"""What skills act on: the clock, the agenda, the rooms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from assistant.agenda.agenda import Agenda


class Volumes(Protocol):
    """The loudspeakers of the rooms."""

    def volume(self, room: str) -> float | None:
        """The volume of `room`, 0 to 1; None where it has no loudspeaker."""

    async def set_volume(self, room: str, level: float) -> None:
        """Set it. Raises `AssistantError`."""


def local_now() -> datetime:
    """The moment, in the time zone of this machine."""
    return datetime.now().astimezone()


@dataclass
class House:
    """Shared by the skills of all rooms."""

    agenda: Agenda = field(default_factory=Agenda)
    volumes: Volumes | None = None
    now: Callable[[], datetime] = local_now
