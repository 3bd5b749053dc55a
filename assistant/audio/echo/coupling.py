"""How loud the loudspeaker is in the microphone: this tells its echo from a louder user before a canceller can."""

from collections import deque
from statistics import median

from assistant.audio.pcm import BLOCK_S, Samples, level

AUDIBLE_DB = -45.0
"""Level of a played block, in dB of full scale, from which its echo is evidence of the coupling."""

TAIL = round(0.25 / BLOCK_S)
"""Blocks (a quarter of a second) by which an echo may come later than its sound."""

MAX_LEARNT = round(8.0 / BLOCK_S)
MIN_LEARNT = round(0.5 / BLOCK_S)
"""Audible blocks over which the median loss is taken. It stays right while the user speaks in less than half of them.
"""


class Coupling:
    """Learns the loss from loudspeaker to microphone from blocks of both, in order."""

    def __init__(self) -> None:
        self._played: deque[float] = deque(maxlen=TAIL)
        self._losses: deque[float] = deque(maxlen=MAX_LEARNT)

    def excess_db(self, near: Samples, far: Samples) -> float | None:
        """Return by how many decibels `near` is louder than the echo of what was played up to now would be.

        None while too little has been played to know. Geigel's detector of double talk (Duttweiler, "A Twelve-Channel
        Digital Echo Canceler", 1978) with a loss that is learnt.
        """
        near_db = level(near)
        self._played.append(level(far))
        loudest = max(self._played)
        excess = near_db - loudest + median(self._losses) if len(self._losses) >= MIN_LEARNT else None
        if loudest >= AUDIBLE_DB:
            self._losses.append(loudest - near_db)
        return excess
