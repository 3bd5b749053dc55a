"""The audio formats inside the program, and conversions at its borders."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""Mono audio, shape (n,), nominally in [-1, 1]. The rate is a property of the place: see `LISTENING_RATE`."""

LISTENING_RATE = 16_000
"""Hz of everything on the listening side; Silero and Whisper were trained on it."""

BLOCK = 512
"""Samples in one block of microphone audio: 32 ms, the only block length Silero accepts at 16 kHz."""

BLOCK_S = BLOCK / LISTENING_RATE


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """One block from the microphone.

    `samples` has `BLOCK` samples at `LISTENING_RATE`; `start` counts samples from the beginning of the stream, dropped
    ones included, and is the audio clock; `captured_at` is when its last sample was captured, in seconds of
    `time.monotonic()`. `far` is what the loudspeaker played meanwhile, as many samples at the same rate, or None where
    that is unknown. `reduction_db` is the number of decibels by which an echo canceller has lowered the block;
    `excess_db` that by which it was louder than the echo of what was played would be, or None where that is unknown.
    """

    samples: Samples
    start: int
    captured_at: float
    far: Samples | None = None
    reduction_db: float = 0.0
    excess_db: float | None = None

    @property
    def end(self) -> int:
        return self.start + len(self.samples)

    def moment(self, sample: int) -> float:
        """Return the monotonic time at which `sample` (of the audio clock, at or before `end`) was captured."""
        return self.captured_at - (self.end - sample) / LISTENING_RATE


FLOOR_DB = -100.0
"""Level of silence, in dB of full scale."""


def level(samples: Samples) -> float:
    """Return the root mean square of `samples` in decibels of full scale, at least `FLOOR_DB`."""
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    return max(FLOOR_DB, 10 * float(np.log10(power + 1e-12)))


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Scale to 16 bit with saturation; full scale is 32767 on both sides."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)


def from_int16(samples: NDArray[np.int16]) -> Samples:
    return samples.astype(np.float32) / np.float32(32768.0)
