"""How loud the assistant is: as configured, as somebody asked, and quieter in the quiet hours."""

from datetime import datetime, time
from typing import Protocol

import anyio
import msgspec

from assistant.config.quiet_hours import QuietHours
from assistant.config.schema import Sound

LOOK_S = 10.0
"""Seconds between two looks at the time of the day. The clock may be set, so nothing is computed ahead."""


class Loud(Protocol):
    """Something with a volume, 0 to 1."""

    volume: float


class Kept(msgspec.Struct, frozen=True):
    """How loud it is, and what that depends on."""

    level: float
    volume: float
    quiet_volume: float
    quiet: bool


class Volume:
    """Sets the volume of `loudspeaker`. What somebody asks for holds until quiet hours begin or end."""

    def __init__(self, loudspeaker: Loud, sound: Sound) -> None:
        self._loudspeaker = loudspeaker
        self.configure(sound)

    def configure(self, sound: Sound) -> None:
        """Follow `sound` from now on."""
        self._sound = sound
        self._hours = QuietHours.parse(sound.quiet_hours) if sound.quiet_hours else None
        self._quiet: bool | None = None
        self.look(datetime.now().time())

    @property
    def level(self) -> float:
        return self._loudspeaker.volume

    @level.setter
    def level(self, level: float) -> None:
        self._loudspeaker.volume = level

    @property
    def kept(self) -> "Kept":
        """For `restore`, after the next start."""
        return Kept(self.level, self._sound.volume, self._sound.quiet_volume, bool(self._quiet))

    def restore(self, kept: "Kept") -> None:
        """Be as loud as somebody asked for before the program was ended, if that would still hold: quiet hours have
        neither begun nor ended since, and the configuration is the same."""
        if kept == msgspec.structs.replace(self.kept, level=kept.level):
            self.level = kept.level

    def look(self, now: time) -> None:
        """It is `now`, local time."""
        quiet = self._hours is not None and self._hours.include(now)
        if quiet is not self._quiet:
            self._quiet = quiet
            self.level = self._sound.quiet_volume if quiet else self._sound.volume

    async def keep(self) -> None:
        """Look at the time again and again."""
        while True:
            await anyio.sleep(LOOK_S)
            self.look(datetime.now().time())
