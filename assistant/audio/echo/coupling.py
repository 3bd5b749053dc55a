"""How loud the loudspeaker is in the microphone: what tells its echo from a louder user before a canceller can."""

from collections import deque
from statistics import median

from assistant.audio.pcm import BLOCK_S, Samples, level

AUDIBLE_DB = -45.0
"""Level of a played block from which its echo says something about the room."""

TAIL = round(0.25 / BLOCK_S)
"""Blocks (a quarter of a second) that an echo may come later than the sound."""

LEARNED = round(8.0 / BLOCK_S)
ENOUGH = round(0.5 / BLOCK_S)
"""Blocks with something to be heard of which the median is taken, at most and at least. It stays right as long as the
user speaks in less than half of them."""


class Coupling:
    """Fed with what was heard and what was played meanwhile, block by block."""

    def __init__(self) -> None:
        self._played: deque[float] = deque(maxlen=TAIL)
        self._losses: deque[float] = deque(maxlen=LEARNED)

    def excess_db(self, near: Samples, far: Samples) -> float | None:
        """By how much `near` is louder than the echo of what was played up to now would be, in decibels.

        None while too little has been played to know. Geigel's detector of double talk (Duttweiler, "A Twelve-Channel
        Digital Echo Canceler", 1978) with a loss that is learnt.
        """
        heard = level(near)
        self._played.append(level(far))
        loudest = max(self._played)
        excess = heard - loudest + median(self._losses) if len(self._losses) >= ENOUGH else None
        if loudest >= AUDIBLE_DB:
            self._losses.append(loudest - heard)
        return excess
