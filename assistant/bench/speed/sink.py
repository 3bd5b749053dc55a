"""A loudspeaker for the benchmark: notes when a device would have taken the first sample, and makes nobody wait."""

import math

import anyio

from assistant.audio.pcm import Samples
from assistant.audio.simulated.paced import PERIOD_S


class Stopwatch:
    """An `AudioSink`."""

    name = "stopwatch"
    volume = 1.0

    def play(self, rate: int, *, cut_in: bool = False) -> "StoppedPlayback":
        return StoppedPlayback()


class StoppedPlayback:
    """Takes everything at once."""

    def __init__(self) -> None:
        self.started_at: float | None = None
        self.played = 0

    async def write(self, samples: Samples) -> None:
        if self.started_at is None:
            self.started_at = math.ceil(anyio.current_time() / PERIOD_S) * PERIOD_S
        self.played += len(samples)

    async def drain(self) -> None:
        """Everything has been taken already."""

    def set_gain(self, gain: float, ramp_s: float) -> None:
        """Nobody hears it."""

    def pause(self) -> None:
        """Everything has been taken already."""

    def resume(self) -> None:
        """Everything has been taken already."""

    def stop(self) -> None:
        """Nothing is queued."""
