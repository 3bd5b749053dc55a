"""Recordings with a pause inside an utterance, as recorded and stretched."""

import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip

MIN_PAUSE_S = 0.15
"""Shorter silences are the closures of plosives."""

MAX_PAUSE_S = 1.0
"""Pauses for thought are shorter; after a longer silence even a human listener cannot tell whether more is coming."""

STRETCHED_S = (0.5, 0.9)
"""Lengths to which a pause is stretched if it is at least 0.1 s shorter."""

SEAM = LISTENING_RATE // 200
"""Samples (5 ms) of the crossfade from the inserted silence back to the recording."""


def has_pause(clip: Clip) -> bool:
    """Whether `clip` has a pause that the assistant has to wait through."""
    return clip.max_inner_pause_s is not None and MIN_PAUSE_S <= clip.max_inner_pause_s < MAX_PAUSE_S


def lengths(clip: Clip) -> list[float]:
    """Return the recorded length of the pause in seconds, and the lengths to stretch it to."""
    recorded = clip.max_inner_pause_s or 0.0
    return [recorded, *(length for length in STRETCHED_S if length >= recorded + 0.1)]


def stretched(clip: Clip, samples: Samples, length_s: float) -> Samples:
    """Stretch the longest pause in `samples` of `clip` to `length_s` by mirroring the noise in it.

    The speech around it is unchanged, and with it the intonation by which a listener knows that more is coming.
    """
    pause = round((clip.max_inner_pause_s or 0.0) * LISTENING_RATE)
    extra = round(length_s * LISTENING_RATE) - pause
    if extra <= 0:
        return samples
    first = round((clip.speech_start_s or 0.0) * LISTENING_RATE)
    last = round(clip.speech_end_s * LISTENING_RATE) if clip.speech_end_s is not None else len(samples)
    begin = _quietest(samples, first, last, pause)
    tone = samples[begin + pause // 4 : begin + pause - pause // 4]
    filler = np.pad(tone, (0, extra + SEAM), "reflect")[len(tone) :]
    middle = begin + pause // 2
    blend = np.linspace(0, 1, SEAM, dtype=np.float32)
    filler[-SEAM:] = filler[-SEAM:] * (1 - blend) + samples[middle : middle + SEAM] * blend
    return np.concatenate([samples[:middle], filler, samples[middle + SEAM :]])


def _quietest(samples: Samples, first: int, last: int, length: int) -> int:
    """Return the start of the quietest `length` samples between `first` and `last`."""
    power = np.cumsum(np.square(np.pad(samples[first:last], (1, 0)), dtype=np.float64))
    return first + int(np.argmin(power[length:] - power[:-length]))
