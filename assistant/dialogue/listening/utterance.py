"""The audio of one utterance while it is being spoken, and what was captured before it."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.flow import Signal


@dataclass(frozen=True, slots=True)
class ScoredBlock:
    """A block and the probability that it holds speech."""

    block: AudioBlock
    probability: float


class PreRoll:
    """Keeps the last `seconds` of sound, so that no first syllable is lost and a sentence can be taken up again."""

    def __init__(self, seconds: float) -> None:
        self._blocks: deque[ScoredBlock] = deque(maxlen=-(-int(seconds * LISTENING_RATE) // BLOCK))

    def push(self, scored: ScoredBlock) -> None:
        self._blocks.append(scored)

    def between(self, start: int, end: int) -> list[ScoredBlock]:
        """Return the audio from sample `start` to `end` of the audio clock, in whole blocks."""
        return [scored for scored in self._blocks if scored.block.end > start and scored.block.end <= end]


class Utterance:
    """Audio that grows block by block; what was handed out is never changed by what comes later."""

    def __init__(self, max_s: float) -> None:
        self._buffer = np.zeros(int(max_s * LISTENING_RATE), np.float32)
        self._length = 0
        self._grown = Signal()

    def append(self, samples: Samples) -> None:
        """Add audio; beyond the length given at the start it is left out, because the turn is over by then."""
        room = len(self._buffer) - self._length
        added = samples[:room]
        self._buffer[self._length : self._length + len(added)] = added
        self._length += len(added)
        self._grown.notify()

    @property
    def audio(self) -> Samples:
        """Everything so far, at 16 kHz; a view, not a copy."""
        return self._buffer[: self._length]

    async def reaches(self, length: int) -> None:
        """Return once there are at least `length` samples."""
        while self._length < length:
            await self._grown.wait()
