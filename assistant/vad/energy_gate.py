"""Whether a stream is louder than the quiet room: a cheap look at its energy, before models are asked about it."""

from assistant.audio.pcm import BLOCK_S, Samples, level

RISE_DB = 6.0
"""Decibels above the noise floor from which a block may be speech. Blocks of steady noise differ by 3 dB at most."""

FLOOR_RISE_DB = 1.0
"""Decibels by which the noise floor may rise in a second and still be that of the quiet room."""

MIN_FLOOR_DB = -72.0
"""Lowest noise floor: no room is quieter. A microphone below it is off, and what comes after that is no voice yet."""

HOLD = round(1.0 / BLOCK_S)
"""Blocks (1 s) for which the gate stays open after a loud one: words have pauses."""


class EnergyGate:
    """Opens for blocks louder than the quiet room, and for `HOLD` blocks after them.

    Keeps the noise floor of one stream; open at first, for `HOLD` blocks.
    """

    def __init__(self) -> None:
        self._floor_db = 0.0
        self._hold = HOLD

    def push(self, samples: Samples) -> bool:
        """Take the next block and return whether the gate is open for it."""
        level_db = level(samples)
        self._floor_db = max(MIN_FLOOR_DB, min(self._floor_db + FLOOR_RISE_DB * BLOCK_S, level_db))
        self._hold = HOLD if level_db >= self._floor_db + RISE_DB else max(0, self._hold - 1)
        return self._hold > 0
