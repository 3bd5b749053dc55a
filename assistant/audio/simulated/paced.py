"""A stand-in for the loudspeaker that takes samples as a device does: in real time, a period at a time.

It needs no task of its own: what a device would have taken by now is computed whenever its state is used.
"""

import math
from abc import ABC, abstractmethod

import anyio
import numpy as np

from assistant.audio.pcm import Samples
from assistant.audio.playback import QueuedPlayback

PERIOD_S = 0.02
"""Seconds between two requests of a device for samples; the loudspeaker's streams make one every 10 to 20 ms."""


class PacedLoudspeaker(ABC):
    """An `AudioSink` at `rate` Hz; 0 until the first playback, whose rate it takes."""

    def __init__(self, rate: int = 0, latency_s: float = 0.0, ahead_s: float = 0.0) -> None:
        """`latency_s`: seconds from the time a sample is taken until it leaves the loudspeaker. `ahead_s`: seconds by
        which samples are taken before their time, for a device that is elsewhere.
        """
        self._rate = rate
        self._latency_s = latency_s
        self._ahead_s = ahead_s
        self.volume = 1.0
        """As of `devices.loudspeaker.Loudspeaker`."""
        self._playbacks: list[_PacedPlayback] = []
        self._period: int | None = None
        """The last period that was computed, counted from the clock's zero."""

    @property
    def rate(self) -> int:
        return self._rate

    def play(self, rate: int, *, cut_in: bool = False) -> QueuedPlayback:
        """Begin an utterance; one at another rate than the loudspeaker's is converted to that."""
        self._rate = self._rate or rate
        self.catch_up()
        for other in self._playbacks:
            if not cut_in:
                other.stop()
        playback = _PacedPlayback(rate, self)
        self._playbacks = [*(other for other in self._playbacks if not other.is_over), playback]
        return playback

    def catch_up(self) -> None:
        """Take what a device would have taken since the last call."""
        now = math.floor((anyio.current_time() + self._ahead_s) / PERIOD_S)
        if self._rate and self._period is not None:
            for period in range(self._period + 1, now + 1):
                self._take(period)
        if self._rate:
            self._period = now

    @abstractmethod
    def _taken(self, start: int, out: Samples, count: int) -> None:
        """Receive what the device was given: `out`, whose first `count` samples are sound and whose rest is silence.

        `start` is the first sample's position since the clock's zero, when it is taken.
        """

    def _take(self, period: int) -> None:
        start, end = (math.floor(edge * PERIOD_S * self._rate) for edge in (period, period + 1))
        out = np.zeros(end - start, np.float32)
        count = 0
        for playback in self._playbacks:
            count += playback.take(out[count:], period * PERIOD_S, (period + 1) * PERIOD_S + self._latency_s)
        out[:count] *= self.volume**2
        self._taken(start, out, count)


class _PacedPlayback(QueuedPlayback):
    def __init__(self, rate: int, loudspeaker: PacedLoudspeaker) -> None:
        super().__init__(rate, loudspeaker.rate)
        self._loudspeaker = loudspeaker

    @property
    def started_at(self) -> float | None:
        self._loudspeaker.catch_up()
        return super().started_at

    @property
    def played(self) -> int:
        self._loudspeaker.catch_up()
        return super().played

    def set_gain(self, gain: float, ramp_s: float) -> None:
        self._loudspeaker.catch_up()
        super().set_gain(gain, ramp_s)

    def pause(self) -> None:
        self._loudspeaker.catch_up()
        super().pause()

    def resume(self) -> None:
        self._loudspeaker.catch_up()
        super().resume()

    def stop(self) -> None:
        self._loudspeaker.catch_up()
        super().stop()

    def _put(self, samples: Samples) -> None:
        self._loudspeaker.catch_up()  # an empty queue was silence until now
        super()._put(samples)

    def _watch(self) -> None:
        self._loudspeaker.catch_up()
