"""The volume: as configured, as the user asked, and lower in the quiet hours."""

from datetime import datetime, time
from typing import Protocol

import anyio
import msgspec

from assistant.config.quiet_hours import QuietHours
from assistant.config.schema import Sound

CHECK_S = 10.0
"""Seconds between two checks of the time of day. The clock may be set, so nothing is computed ahead."""


class HasVolume(Protocol):
    """A sink with a volume, 0 to 1."""

    volume: float


class SavedVolume(msgspec.Struct, frozen=True):
    """The level, and the settings under which it was chosen."""

    level: float
    volume: float
    quiet_volume: float
    quiet: bool


class Volume:
    """Sets the volume of `loudspeaker`. A level that the user asks for holds until quiet hours begin or end."""

    def __init__(self, loudspeaker: HasVolume, sound: Sound) -> None:
        self._loudspeaker = loudspeaker
        self.configure(sound)

    def configure(self, sound: Sound) -> None:
        """Use `sound` from now on."""
        self._sound = sound
        self._hours = QuietHours.parse(sound.quiet_hours) if sound.quiet_hours else None
        self._quiet: bool | None = None
        self.update(datetime.now().time())

    @property
    def level(self) -> float:
        return self._loudspeaker.volume

    @level.setter
    def level(self, level: float) -> None:
        self._loudspeaker.volume = level

    @property
    def saved(self) -> SavedVolume:
        """The volume for `restore`, after the next start."""
        return SavedVolume(self.level, self._sound.volume, self._sound.quiet_volume, bool(self._quiet))

    def restore(self, saved: SavedVolume) -> None:
        """Restore the level from before a restart, unless quiet hours or the configuration have changed since."""
        if saved == msgspec.structs.replace(self.saved, level=saved.level):
            self.level = saved.level

    def update(self, now: time) -> None:
        """Switch between day and quiet hours for `now`, local time."""
        quiet = self._hours is not None and self._hours.include(now)
        if quiet is not self._quiet:
            self._quiet = quiet
            self.level = self._sound.quiet_volume if quiet else self._sound.volume

    async def run(self) -> None:
        """Follow the time of day until cancelled."""
        while True:
            await anyio.sleep(CHECK_S)
            self.update(datetime.now().time())
