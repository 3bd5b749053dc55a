"""The sound that is played for a test, and finding it in what the microphone heard."""

from dataclasses import dataclass

import numpy as np

from assistant.audio import earcons
from assistant.audio.earcons import Earcon
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler

MELODY = (Earcon.WAKE, Earcon.LISTENING, Earcon.DONE, Earcon.WAKE, Earcon.LISTENING, Earcon.DONE)
REST_S = 0.06
"""The sounds that the assistant makes anyway: soft, known to the user, and 1 s in all. Their notes and rests tell them
from a hum."""

CERTAIN = 0.25
"""Correlation (0 to 1) from which the tone counts as heard. The most in 213 stretches of tests/speech without it was
0.23 (median 0.04). With it: 0.66 in a quiet, reverberant room, 0.51 when it is 40 dB softer there than it was played,
0.39 (median) where people speak at -25 dB and it is 10 dB softer."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The test sound as the microphone heard it."""

    db: float
    """How loud it is there, above (or below) how loud it was played. The reverberation of a living room, which does not
    count, would add 2 to 4 dB."""
    delay_s: float
    """From when it was begun to when it was heard: the buffers of both devices, and the air; 30 ms more in a
    reverberant room."""


def tone() -> Samples:
    """At `earcons.RATE`."""
    rest = np.zeros(round(REST_S * earcons.RATE), np.float32)
    return np.concatenate([part for earcon in MELODY for part in (earcons.sound(earcon), rest)])


def find(heard: Samples, gain: float) -> Leak | None:
    """The tone, which was played with the factor `gain` from the beginning of `heard` on; None where it is not there.

    `heard` is at `LISTENING_RATE`.
    """
    resampler = Resampler(earcons.RATE, LISTENING_RATE)
    played = gain * np.concatenate([resampler.push(tone()), resampler.finish()])
    if not played.any() or len(heard) <= len(played):
        return None
    matches = np.abs(np.correlate(heard, played, "valid"))
    loudness = np.sqrt(np.convolve(np.square(heard), np.ones(len(played)), "valid")).clip(1e-6)
    best = int((matches / loudness).argmax())
    if matches[best] < CERTAIN * loudness[best] * np.sqrt(played @ played):
        return None
    return Leak(20 * float(np.log10(matches[best] / (played @ played))), best / LISTENING_RATE)
