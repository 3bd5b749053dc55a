"""One utterance between the conversation, which writes it, and the device or its stand-in, which takes it."""

import threading
from abc import ABC, abstractmethod
from collections import deque

import anyio
import numpy as np

from assistant.audio.gain import Gain
from assistant.audio.pcm import Samples
from assistant.audio.resample import Resampler

MAX_QUEUED_S = 0.25
"""Seconds of queued audio beyond which a writer waits: enough for a stalled event loop, little enough to discard."""

FADE_S = 0.008
"""Seconds of the ramp to silence when a playback is stopped or paused, and back; without it there is a click."""

MAX_WAIT_S = 0.1
"""Seconds within which a waiting writer notices that its playback was stopped or that the device has failed."""


class QueuedPlayback(ABC):
    """A `Playback` whose samples are queued, at the device's rate, until the device takes them with `take`.

    `take` may be called from another thread than everything else.
    """

    def __init__(self, rate: int, device_rate: int) -> None:
        self._rate = rate
        self._device_rate = device_rate
        self._resampler = Resampler(rate, device_rate)
        self._lock = threading.Lock()
        self._pieces: deque[Samples] = deque()
        self._queued = 0
        self._taken = 0
        self._written = 0
        self._finished = False
        self._stopped = False
        self._gain = Gain(device_rate)
        self._flow = Gain(device_rate)
        """Gain of 1, or 0 while it is paused."""
        self._started_at: float | None = None
        self._gone_at = 0.0

    @property
    def started_at(self) -> float | None:
        return self._started_at

    @property
    def played(self) -> int:
        if self._finished and not self._queued and not self._stopped:
            return self._written  # the exact count, however the resampler rounded
        return min(self._written, self._taken * self._rate // self._device_rate)

    @property
    def is_over(self) -> bool:
        """Whether everything has been taken, or it was stopped and its fade-out has been taken."""
        return (self._stopped or self._finished) and self._queued == 0

    async def write(self, samples: Samples) -> None:
        await self._wait_until_queued(MAX_QUEUED_S)
        self._written += len(samples)
        self._finished = False
        self._put(self._resampler.push(samples))

    async def drain(self) -> None:
        self._put(self._resampler.finish())
        self._finished = True
        await self._wait_until_queued(0.0)
        if self._started_at is not None:
            await anyio.sleep_until(self._gone_at)

    def set_gain(self, gain: float, ramp_s: float) -> None:
        self._gain.set(gain, ramp_s)

    def pause(self) -> None:
        with self._lock:
            if self._flow.target and not self._stopped:
                self._flow.set(0.0, FADE_S if self._taken and self._queued else 0.0)

    def resume(self) -> None:
        with self._lock:
            if not self._flow.target and not self._stopped:
                self._flow.set(1.0, FADE_S)

    def stop(self) -> None:
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
            tail = self._beginning(round(FADE_S * self._device_rate) if self._taken and not self._is_paused else 0)
            self._pieces = deque([tail * np.linspace(1.0, 0.0, len(tail), dtype=np.float32)])
            self._queued = len(tail)

    def take(self, out: Samples, now: float, gone_at: float) -> int:
        """Move queued samples into `out` and return how many; the rest of `out` is untouched.

        `now` is the time of this call, `gone_at` when the last sample of `out` will have left the device.
        """
        with self._lock:
            count = 0
            wanted = out[: self._takeable(len(out))]
            while self._pieces and count < len(wanted):
                count += self._move_piece(wanted[count:])
            self._gain.apply(out[:count])
            self._flow.apply(out[:count])
            self._queued -= count
            self._taken += count
        if count:
            self._started_at = now if self._started_at is None else self._started_at
            self._gone_at = gone_at
        return count

    @abstractmethod
    def _watch(self) -> None:
        """Called repeatedly while a writer waits for the device; raises if that has failed."""

    @property
    def _is_paused(self) -> bool:
        """Whether it is paused and has faded to silence."""
        return not self._flow.target and not self._flow.left

    def _takeable(self, wanted: int) -> int:
        """Limit what a paused playback gives to its fade-out; a stopped one has nothing else queued."""
        return wanted if self._flow.target or self._stopped else min(wanted, self._flow.left)

    def _put(self, samples: Samples) -> None:
        with self._lock:
            if not self._stopped:
                self._pieces.append(samples)
                self._queued += len(samples)

    def _move_piece(self, out: Samples) -> int:
        piece = self._pieces.popleft()
        if len(piece) > len(out):
            self._pieces.appendleft(piece[len(out) :])
            piece = piece[: len(out)]
        out[: len(piece)] = piece
        return len(piece)

    def _beginning(self, length: int) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self._pieces])[:length]

    async def _wait_until_queued(self, at_most_s: float) -> None:
        """Wait until at most `at_most_s` are queued: the device takes samples in real time, so that moment is known."""
        self._watch()
        while (excess := self._queued / self._device_rate - at_most_s) > 0:
            await anyio.sleep(min(max(excess, 0.005), MAX_WAIT_S))
            self._watch()
