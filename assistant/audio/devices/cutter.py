"""From a device's deliveries, at its rate and of any length, to blocks on the audio clock."""

from collections.abc import Iterator

import numpy as np

from assistant.audio.devices.inbox import Delivery
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock
from assistant.audio.resample import Resampler


class BlockCutter:
    """Resample and cut what a device delivers at `rate` Hz; a gap ends the block in progress.

    The first block is at `start` on the audio clock, or later if it was captured later than `not_before` (monotonic
    time).
    """

    def __init__(self, rate: int, *, start: int = 0, not_before: float = 0.0, dropped: int = 0) -> None:
        self._rate = rate
        self._first: int | None = None
        self._expected = 0
        self._resampler = Resampler(rate, LISTENING_RATE)
        self._rest = np.zeros(0, np.float32)
        self._start = self._began = start
        self._captured_at = not_before
        """Monotonic time at which the last block was captured."""
        self.dropped = dropped
        """Samples (at `LISTENING_RATE`) that no block holds."""

    def successor(self, rate: int) -> "BlockCutter":
        """Make a cutter for another device at `rate` Hz that continues on the same audio clock."""
        return BlockCutter(rate, start=self._start, not_before=self._captured_at, dropped=self.dropped)

    def restarted(self) -> "BlockCutter":
        """Make a cutter for the same device on an audio clock that begins at zero."""
        return BlockCutter(self._rate)

    def missing(self, blocks: int) -> int:
        """Count the device's samples that are missing for the next `blocks`, so that fewer need not wake the loop."""
        return (blocks * BLOCK - len(self._rest)) * self._rate // LISTENING_RATE

    def cut(self, delivery: Delivery) -> Iterator[AudioBlock]:
        """Yield the blocks that `delivery` completes."""
        if self._first is None:
            self._begin(delivery)
        if delivery.position != self._expected:
            self._skip(delivery.position)
        self._expected = delivery.end
        self._rest = np.concatenate([self._rest, self._resampler.push(delivery.samples)])
        while len(self._rest) >= BLOCK:
            samples, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            end = self._start + BLOCK
            late_s = (delivery.end - (self._first or 0)) / self._rate - (end - self._began) / LISTENING_RATE
            self._captured_at = delivery.captured_at - late_s
            yield AudioBlock(samples, self._start, self._captured_at)
            self._start = end

    def _begin(self, delivery: Delivery) -> None:
        """Advance the audio clock over the time between another device's last samples and the first of this one."""
        self._first = self._expected = delivery.position
        if self._captured_at:
            away_s = delivery.captured_at - len(delivery.samples) / self._rate - self._captured_at
            self._start += max(0, round(away_s * LISTENING_RATE))
            self._began = self._start

    def _skip(self, position: int) -> None:
        start = self._began + round((position - (self._first or 0)) * LISTENING_RATE / self._rate)
        self.dropped += start - self._start
        self._start = start
        self._rest = np.zeros(0, np.float32)
        self._resampler = Resampler(self._rate, LISTENING_RATE)
