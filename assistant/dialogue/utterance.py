"""The audio of one utterance while it is being spoken."""

import anyio
import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples


class PreRoll:
    """The last moments before speech, so that no first syllable is lost."""

    def __init__(self, milliseconds: int) -> None:
        self._blocks: list[AudioBlock] = []
        self._keep = -(-milliseconds * LISTENING_RATE // 1000 // BLOCK)

    def push(self, block: AudioBlock) -> None:
        """Remember `block`; forget what is older than the pre-roll."""
        self._blocks.append(block)
        del self._blocks[: -self._keep]

    def take(self) -> list[AudioBlock]:
        """Everything remembered, oldest first; nothing is remembered afterwards."""
        blocks, self._blocks = self._blocks, []
        return blocks


class Utterance:
    """Audio that grows block by block; what was handed out is never changed by what comes later."""

    def __init__(self, max_s: float) -> None:
        self._buffer = np.zeros(int(max_s * LISTENING_RATE), np.float32)
        self._length = 0
        self._grown = anyio.Event()

    def append(self, samples: Samples) -> None:
        """Add audio; beyond the length given at the start it is left out, because the turn is over by then."""
        room = len(self._buffer) - self._length
        added = samples[:room]
        self._buffer[self._length : self._length + len(added)] = added
        self._length += len(added)
        self._grown.set()
        self._grown = anyio.Event()

    @property
    def audio(self) -> Samples:
        """Everything so far, at 16 kHz; a view, not a copy."""
        return self._buffer[: self._length]

    async def reaches(self, length: int) -> None:
        """Return once there are at least `length` samples."""
        while self._length < length:
            await self._grown.wait()
