"""Blocks from samples that arrive when they like: from another machine, or out of a file."""

from collections.abc import Iterator

import anyio
import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples


class Blocks:
    """Cuts samples at `LISTENING_RATE` into blocks on a clock of their own, which stands still while none arrive."""

    def __init__(self) -> None:
        self._rest = np.zeros(0, np.float32)
        self._position = 0

    def push(self, samples: Samples) -> Iterator[AudioBlock]:
        """Yield the blocks that `samples` complete; the last of them counts as captured just now."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= BLOCK:
            block, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            captured_at = anyio.current_time() - len(self._rest) / LISTENING_RATE
            yield AudioBlock(block, self._position, captured_at)
            self._position += BLOCK
