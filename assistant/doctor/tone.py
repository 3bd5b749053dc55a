"""The test sound, and its detection in the microphone's signal."""

from dataclasses import dataclass

import numpy as np

from assistant.audio import earcons
from assistant.audio.earcons import Earcon
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.resample import Resampler

MELODY = (Earcon.WAKE, Earcon.LISTENING, Earcon.DONE, Earcon.WAKE, Earcon.LISTENING, Earcon.DONE)
REST_S = 0.06
"""Seconds between the assistant's own earcons, which are soft, familiar and last 1 s in all. Their notes and rests
distinguish them from a hum."""

MIN_CORRELATION = 0.25
"""Correlation (0 to 1) from which the tone counts as detected. The highest in 213 stretches of tests/speech without it
was 0.23 (median 0.04). With it: 0.66 in a quiet, reverberant room, 0.51 if it is 40 dB softer there than played, 0.39
(median) while people speak at -25 dB and it is 10 dB softer."""


@dataclass(frozen=True, slots=True)
class Leak:
    """The test sound as the microphone picked it up."""

    db: float
    """Level relative to the played level, in dB. Reverberation, not counted, would add 2 to 4 dB in a living room."""
    delay_s: float
    """Seconds from playing to hearing it: the buffers of both devices and the air; 30 ms more in a reverberant room."""


def tone_samples() -> Samples:
    """Return the test sound at `earcons.RATE`."""
    rest = np.zeros(round(REST_S * earcons.RATE), np.float32)
    return np.concatenate([part for earcon in MELODY for part in (earcons.sound(earcon), rest)])


def find_tone(heard: Samples, gain: float) -> Leak | None:
    """Find the tone in `heard`, at `LISTENING_RATE`; None if it is not there.

    It was played with the factor `gain`, starting when `heard` starts.
    """
    resampler = Resampler(earcons.RATE, LISTENING_RATE)
    played = gain * np.concatenate([resampler.push(tone_samples()), resampler.finish()])
    if not played.any() or len(heard) <= len(played):
        return None
    matches = np.abs(np.correlate(heard, played, "valid"))
    loudness = np.sqrt(np.convolve(np.square(heard), np.ones(len(played)), "valid")).clip(1e-6)
    best = int((matches / loudness).argmax())
    if matches[best] < MIN_CORRELATION * loudness[best] * np.sqrt(played @ played):
        return None
    return Leak(20 * float(np.log10(matches[best] / (played @ played))), best / LISTENING_RATE)
