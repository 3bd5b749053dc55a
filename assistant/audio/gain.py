"""A factor on a stream of samples that changes without a click."""

import threading

import numpy as np

from assistant.audio.pcm import Samples


class Gain:
    """A linear gain, 1.0 at first. May be set in one thread and applied in another."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._now = 1.0
        self._target = 1.0
        self._left = 0

    @property
    def target(self) -> float:
        """Gain at the end of the current ramp."""
        return self._target

    @property
    def left(self) -> int:
        """Samples until the end of the ramp; 0 when the target is reached."""
        return self._left

    def set(self, target: float, ramp_s: float) -> None:
        """Change linearly to `target` within the next `ramp_s` seconds of samples."""
        with self._lock:
            self._target = target
            self._left = round(ramp_s * self._rate)
            if not self._left:
                self._now = target

    def apply(self, samples: Samples) -> None:
        """Multiply the next `samples` of the stream, in place."""
        with self._lock:
            count = min(self._left, len(samples))
            if count:
                step = (self._target - self._now) / self._left
                samples[:count] *= (self._now + step * np.arange(1, count + 1)).astype(np.float32)
                self._left -= count
                self._now = self._now + step * count if self._left else self._target
            if self._now != 1.0:
                samples[count:] *= np.float32(self._now)
