"""Which channels of a recording somebody speaks on, and how they become one.

An average of all is wrong where two channels are opposite in phase (it is silence), where one of several is what the
loudspeaker played (a microphone array's), or where all but one are noise. A recording is therefore listened to before
it is mixed; nothing of it is kept for that but a level every 32 ms.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import Samples

FRAME_S = 0.032
BAND_HZ = (300.0, 3000.0)
"""Length of a frame whose level is taken, and the band in which: that of the telephone, which hum is not in."""

LOUD, SOFT = 97, 20
"""Percentiles of the levels: what is spoken, and what is heard between the words."""

MIN_LEVEL_DB = -80.0
"""Level in the band below which a channel is silent: under the last bit of 16 of an ordinary recording."""

MAX_RANGE_DB = 40.0
"""Range of levels from which a channel is no clearer for having more: it is the noise of the recorder that falls."""

MIN_SPOKEN_RANGE_DB = 17.0
"""Range of levels from which a channel has speech on it.

On the recordings of tests/speech speech has 22.6 to 40 dB, music 10 and 13, an office 11, an empty room 7, and white
noise 2 (`pytest tests/audio/test_channels.py`).
"""

OPPOSITE = -0.3
"""Correlation of two channels below which their sum loses more than it gains. Two microphones of one device have 0.2
to 1.0, speakers on a channel each about 0, and a cable with one wire swapped -1.0."""


class ChannelLevels:
    """Listens to the channels of one track, piece by piece, at any rate."""

    def __init__(self) -> None:
        self._levels: list[list[NDArray[np.float32]]] = []
        self._rest: Samples = np.zeros((0, 0), np.float32)
        self._products: NDArray[np.float64] = np.zeros(3)

    def take(self, channels: Samples, rate: int) -> None:
        """Take the next samples, shape (channels, n). A number of channels that changes begins anew."""
        if len(channels) != len(self._levels):
            self._levels = [[] for _ in channels]
            self._rest = channels[:, :0]
        if len(channels) == 2:
            first, second = channels.astype(np.float64)
            self._products += first @ second, first @ first, second @ second
        frame = max(1, round(FRAME_S * rate))
        joined = np.concatenate([self._rest, channels], axis=1)
        whole = joined.shape[1] // frame * frame
        self._rest = joined[:, whole:]
        if whole:
            for levels, channel in zip(self._levels, joined[:, :whole], strict=True):
                levels.append(_levels(channel.reshape(-1, frame), rate))

    @property
    def ranges(self) -> list[float]:
        """How far the level of each channel rises and falls, in decibels up to `MAX_RANGE_DB`; 0 for silence."""
        return [_range(np.concatenate(levels)) if levels else 0.0 for levels in self._levels]

    @property
    def correlation(self) -> float:
        """Of two channels, -1 to 1; 0 for any other number."""
        product, first, second = self._products
        return float(product / np.sqrt(first * second)) if first > 0 and second > 0 else 0.0


def spoken_channels(ranges: Sequence[float], correlation: float) -> tuple[int, ...]:
    """Choose the channels whose average is to be recognised; `ranges` and `correlation` as `ChannelLevels` has them.

    Of two, both that somebody speaks on, as in a call that has each side on one; of more, the clearest alone, because
    they hear the same, or are a loudspeaker's.
    """
    best = max(range(len(ranges)), key=lambda channel: ranges[channel])
    if len(ranges) != 2:
        return (best,)
    if correlation < OPPOSITE:
        return (best,)
    spoken = tuple(channel for channel in (0, 1) if ranges[channel] >= MIN_SPOKEN_RANGE_DB)
    return spoken or (0, 1)


def mixed(channels: Samples, chosen: Sequence[int]) -> Samples:
    """Average the `chosen` of `channels`, shape (channels, n); all where none is chosen, or there are not so many."""
    if chosen and max(chosen) < len(channels):
        channels = channels[list(chosen)]
    average: Samples = channels.mean(axis=0, dtype=np.float64).astype(np.float32)
    return average


def _levels(frames: Samples, rate: int) -> NDArray[np.float32]:
    """Return the level of each of `frames`, shape (n, samples), in the band, in decibels of full scale."""
    spectrum = np.fft.rfft(frames * np.hanning(frames.shape[1]), axis=1)
    low, high = (round(edge * FRAME_S) for edge in BAND_HZ)
    power = np.square(np.abs(spectrum[:, low : high + 1])).sum(axis=1) / frames.shape[1] ** 2
    levels: NDArray[np.float32] = (10 * np.log10(power + 1e-12)).astype(np.float32)
    return levels


def _range(levels: NDArray[np.float32]) -> float:
    loud, soft = np.percentile(levels, (LOUD, SOFT))
    return 0.0 if loud < MIN_LEVEL_DB else min(MAX_RANGE_DB, float(loud - max(soft, MIN_LEVEL_DB - 20)))
