"""A stand-in for the microphone: a recording, delivered in real time, and silence after it."""

from collections.abc import AsyncGenerator

import anyio
import numpy as np

from assistant.audio.pcm import BLOCK, BLOCK_S, AudioBlock, Samples


class Recording:
    """An `AudioSource` that delivers `samples` (at `LISTENING_RATE`) once, from the first request for a block on.

    A block is delivered when a microphone would have captured its last sample. A consumer that is late gets the blocks
    that have become due at once, as from a device's buffer; none is lost.
    """

    name = "recording"
    dropped = 0
    echo_free = None
    muted = False
    batched = False

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def mute(self) -> None:
        """Do nothing: a recording cannot be closed."""

    def unmute(self) -> None:
        """Do nothing: a recording cannot be reopened."""

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        began = anyio.current_time()
        number = 0
        while True:
            captured_at = began + (number + 1) * BLOCK_S
            await anyio.sleep_until(captured_at)
            yield AudioBlock(self._block(number), number * BLOCK, captured_at)
            number += 1

    def _block(self, number: int) -> Samples:
        samples = self._samples[number * BLOCK : (number + 1) * BLOCK]
        return np.pad(samples, (0, BLOCK - len(samples)))
