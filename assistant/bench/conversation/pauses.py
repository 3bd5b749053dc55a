"""Recordings with a pause inside, and with that pause made longer."""

import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip

SHORTEST_S = 0.15
"""A pause, not the closure of a consonant."""

LONGEST_S = 1.0
"""The silence of somebody who thinks; after more of it nobody can say whether anything is to come."""

STRETCHED_S = (0.5, 0.9)
"""Lengths to which a pause is stretched, if it is shorter by 0.1 s or more."""

SEAM = LISTENING_RATE // 200
"""Samples (5 ms) over which what is put in is blended with what is there."""


def has_pause(clip: Clip) -> bool:
    """Whether there is one that an assistant must wait for."""
    return clip.max_inner_pause_s is not None and SHORTEST_S <= clip.max_inner_pause_s < LONGEST_S


def lengths(clip: Clip) -> list[float]:
    """The recorded length of the pause in seconds, and those that it can be stretched to."""
    recorded = clip.max_inner_pause_s or 0.0
    return [recorded, *(length for length in STRETCHED_S if length >= recorded + 0.1)]


def stretched(clip: Clip, samples: Samples, length_s: float) -> Samples:
    """`samples` of `clip` with its longest pause made `length_s` long by repeating what is heard in it.

    The speech before and after it stays as it was spoken, so the pause is as (in)complete as the speaker made it.
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
    """Where the quietest `length` samples between `first` and `last` begin."""
    power = np.cumsum(np.square(np.pad(samples[first:last], (1, 0)), dtype=np.float64))
    return first + int(np.argmin(power[length:] - power[:-length]))
