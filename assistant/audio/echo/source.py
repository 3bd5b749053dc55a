"""The microphone without the loudspeaker's echo in it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import numpy as np

from assistant.audio.base import AudioSource
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.convergence import Convergence
from assistant.audio.echo.coupling import Coupling
from assistant.audio.echo.reference import Reference
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples, level

AHEAD = LISTENING_RATE // 50
"""Samples (20 ms) by which the canceller gets what is played before it leaves the loudspeaker.

AEC3 needs the reference before its echo, and devices misstate their delay: it lowered a bare echo without any delay by
2 to 10 dB only, even after 12 s, and one delayed by 20 ms to the noise of the room. The samples are available in time:
PulseAudio takes them 45 to 60 ms before they leave, and a block of the microphone is read 10 to 25 ms after its end.
"""


class EchoCancelledSource:
    """An `AudioSource`: the blocks of `microphone` without the echo in them, with `AudioBlock.far` set.

    While the reference is idle the canceller is not run and the blocks are the microphone's own: there is no echo in
    them, and in a silent room the canceller costs more than anything else (2.9% of a core of 11.9%).

    Sounds come `EchoCanceller.delay` samples later than in the microphone's blocks; `captured_at` allows for that, so
    the moment of every sample stays true. `start` is the microphone's: its clock, only read later.
    """

    def __init__(self, microphone: AudioSource, reference: Reference, canceller: EchoCanceller) -> None:
        self._microphone = microphone
        self._reference = reference
        self._canceller = canceller
        self._far = _Delay(0)
        self._near = _Delay(0)
        self._coupling = Coupling()

    @property
    def name(self) -> str:
        return self._microphone.name

    @property
    def dropped(self) -> int:
        return self._microphone.dropped

    @property
    def muted(self) -> bool:
        return self._microphone.muted

    def mute(self) -> None:
        self._microphone.mute()

    def unmute(self) -> None:
        self._microphone.unmute()

    @property
    def batched(self) -> bool:
        return self._microphone.batched

    @batched.setter
    def batched(self, batched: bool) -> None:
        self._microphone.batched = batched

    @property
    def echo_free(self) -> bool:
        return self._canceller.convergence.converged

    @property
    def convergence(self) -> Convergence:
        """How much of the echo the canceller leaves."""
        return self._canceller.convergence

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        expected: int | None = None
        async with aclosing(self._microphone.blocks()) as blocks:
            async for block in blocks:
                if block.start != expected:
                    self._begin()
                expected = block.end
                yield self._clean(block)

    def _begin(self) -> None:
        self._canceller.begin()
        self._far = _Delay(AHEAD + self._canceller.delay)
        self._near = _Delay(self._canceller.delay)
        self._bypassed: Samples | None = None
        """The block before, where the canceller was not run."""

    def _clean(self, block: AudioBlock) -> AudioBlock:
        ahead = self._reference.beside(block, AHEAD)
        captured_at = block.captured_at - self._canceller.delay / LISTENING_RATE
        near, far = self._near.push(block.samples), self._far.push(ahead)
        if self._reference.idle:
            self._bypassed = block.samples
            return AudioBlock(near, block.start, captured_at, far)
        if self._bypassed is not None:
            self._resume(self._bypassed)
            self._bypassed = None
        cleaned = self._canceller.clean(block.samples, ahead)
        reduction_db = level(near) - level(cleaned)
        excess_db = self._coupling.excess_db(near, far)
        return AudioBlock(cleaned, block.start, captured_at, far, reduction_db, excess_db)

    def _resume(self, before: Samples) -> None:
        """Run the canceller again, with the block `before` first: that is what it holds back and gives out next."""
        self._canceller.begin()
        self._canceller.clean(before, np.zeros_like(before))


class _Delay:
    """Delays a stream by `samples`, with zeros in front."""

    def __init__(self, samples: int) -> None:
        self._waiting = np.zeros(samples, np.float32)

    def push(self, samples: Samples) -> Samples:
        waiting = np.concatenate([self._waiting, samples])
        self._waiting = waiting[len(samples) :]
        return waiting[: len(samples)]
