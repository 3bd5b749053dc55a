"""The volume, by day and by night."""

from dataclasses import dataclass
from datetime import time

from assistant.audio.volume import Volume
from assistant.config.schema import Sound

NIGHT = Sound(volume=0.8, quiet_hours="22:00-07:00", quiet_volume=0.3)


@dataclass
class Loudspeaker:
    volume: float = 1.0


def test_it_is_as_configured() -> None:
    assert Volume(Loudspeaker(), Sound(volume=0.6)).level == 0.6


def test_quiet_hours_are_quieter() -> None:
    volume = Volume(Loudspeaker(), NIGHT)
    volume.update(time(23))
    assert volume.level == 0.3
    volume.update(time(7))
    assert volume.level == 0.8


def test_what_the_user_asks_for_holds_until_quiet_hours_begin_or_end() -> None:
    volume = Volume(Loudspeaker(), NIGHT)
    volume.update(time(12))
    volume.level = 0.5
    volume.update(time(21))
    assert volume.level == 0.5
    volume.update(time(22))
    assert volume.level == 0.3
    volume.level = 1.0
    volume.update(time(3))
    assert volume.level == 1.0
