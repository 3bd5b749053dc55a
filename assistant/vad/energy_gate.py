"""Whether anything but the room itself is heard: a look at the level, for what need not be done while it is quiet."""

from assistant.audio.pcm import BLOCK_S, Samples, level

RISE_DB = 6.0
"""Level over that of the quiet room from which somebody may speak. Blocks of steady noise differ by 3 dB at most."""

FLOOR_RISE_DB = 1.0
"""How much louder the room may become in a second and still be the quiet room."""

LOWEST_DB = -72.0
"""No room is quieter; a microphone that gives less is off, and what comes after that is no voice yet."""

HOLD = round(1.0 / BLOCK_S)
"""Blocks (1 s) for which it is not quiet after something was: words have pauses."""


class Quiet:
    """Fed with the blocks of one microphone, in order."""

    def __init__(self) -> None:
        self._floor_db = 0.0
        self._hold = HOLD

    def heard(self, samples: Samples) -> bool:
        """Take the next block; whether it is quiet by now, and has been for a while."""
        loudness = level(samples)
        self._floor_db = max(LOWEST_DB, min(self._floor_db + FLOOR_RISE_DB * BLOCK_S, loudness))
        self._hold = HOLD if loudness >= self._floor_db + RISE_DB else max(0, self._hold - 1)
        return not self._hold
