"""The microphone without the loudspeaker in it."""

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

AEC3 needs the reference before its echo, and devices are wrong about their delay: a bare echo that was not a sample
late it lowered by 2 to 10 dB only, also after 12 s; one that was 20 ms late to the noise of the room. The samples are
there in time: PulseAudio takes them 45 to 60 ms before they leave, and a block of the microphone is read 10 to 25 ms
after its end.
"""


class EchoCancelledSource:
    """An `AudioSource`: the blocks of `microphone`, cleaned, with `AudioBlock.far` set.

    While nothing has been played for a while the canceller rests and the blocks are the microphone's own: there is
    nothing to be taken out of them, and it costs most of all while nobody speaks (2.9% of a core of 11.9%).

    Sounds come `EchoCanceller.delay` samples later than in the microphone's blocks; `captured_at` says so, so the
    moment of every sample is as true as it was. `start` is the microphone's: its clock, only read later.
    """

    def __init__(self, microphone: AudioSource, reference: Reference, canceller: EchoCanceller) -> None:
        self._microphone = microphone
        self._reference = reference
        self._canceller = canceller
        self._played = _Delay(0)
        self._heard = _Delay(0)
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
    def unhurried(self) -> bool:
        return self._microphone.unhurried

    @unhurried.setter
    def unhurried(self, unhurried: bool) -> None:
        self._microphone.unhurried = unhurried

    @property
    def echo_free(self) -> bool:
        return self._canceller.convergence.converged

    @property
    def convergence(self) -> Convergence:
        """How well the canceller works."""
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
        self._played = _Delay(AHEAD + self._canceller.delay)
        self._heard = _Delay(self._canceller.delay)
        self._rested: Samples | None = None

    def _clean(self, block: AudioBlock) -> AudioBlock:
        ahead = self._reference.beside(block, AHEAD)
        captured_at = block.captured_at - self._canceller.delay / LISTENING_RATE
        heard, played = self._heard.push(block.samples), self._played.push(ahead)
        if self._reference.rests:
            self._rested = block.samples
            return AudioBlock(heard, block.start, captured_at, played)
        if self._rested is not None:
            self._wake(self._rested)
            self._rested = None
        cleaned = self._canceller.clean(block.samples, ahead)
        reduction_db = level(heard) - level(cleaned)
        excess_db = self._coupling.excess_db(heard, played)
        return AudioBlock(cleaned, block.start, captured_at, played, reduction_db, excess_db)

    def _wake(self, rested: Samples) -> None:
        """The canceller goes on after a rest: the block before comes out of it first."""
        self._canceller.begin()
        self._canceller.clean(rested, np.zeros_like(rested))


class _Delay:
    """Gives back what it is given, `samples` later; zeros before that."""

    def __init__(self, samples: int) -> None:
        self._waiting = np.zeros(samples, np.float32)

    def push(self, samples: Samples) -> Samples:
        waiting = np.concatenate([self._waiting, samples])
        self._waiting = waiting[len(samples) :]
        return waiting[: len(samples)]
