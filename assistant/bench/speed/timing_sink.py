"""A loudspeaker without sound: notes when a device would have taken the first sample, and never blocks the writer."""

import math

import anyio

from assistant.audio.pcm import Samples
from assistant.audio.simulated.paced import PERIOD_S


class TimingSink:
    """An `AudioSink` that accepts everything at once."""

    name = "timing sink"
    volume = 1.0

    def play(self, rate: int, *, cut_in: bool = False) -> "TimedPlayback":
        return TimedPlayback()


class TimedPlayback:
    """A `Playback` with nothing to wait for."""

    def __init__(self) -> None:
        self.started_at: float | None = None
        """Start of the device period after the first write, on the monotonic clock."""
        self.played = 0

    async def write(self, samples: Samples) -> None:
        if self.started_at is None:
            self.started_at = math.ceil(anyio.current_time() / PERIOD_S) * PERIOD_S
        self.played += len(samples)

    async def drain(self) -> None:
        """Return at once: nothing is queued."""

    def set_gain(self, gain: float, ramp_s: float) -> None:
        """Do nothing: there is no sound."""

    def pause(self) -> None:
        """Do nothing: nothing is queued."""

    def resume(self) -> None:
        """Do nothing: nothing is queued."""

    def stop(self) -> None:
        """Do nothing: nothing is queued."""
