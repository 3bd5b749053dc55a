"""How much of the loudspeaker's echo a canceller leaves in its output."""

import math

from assistant.audio.pcm import LISTENING_RATE, Samples

AUDIBLE_DB = -55.0
"""Level of the loudspeaker's signal, in dB of full scale, from which it may have an echo."""

TAIL_S = 0.2
"""Seconds by which an echo may outlast its sound."""

SMOOTH_S = 0.3
"""Time constant of the levels: about two syllables."""

MIN_ERLE_DB = 12.0
"""Least echo return loss enhancement of a canceller that has converged."""

NOISE_DB = 6.0
"""Decibels above the recent noise floor up to which what is left counts as the room's noise."""

NOISE_RISE_DB = 1.0
"""Decibels by which the noise floor may rise in a second."""

EVIDENCE_S = 2.0
"""Seconds of echo lowered by `MIN_ERLE_DB`, without interruption, before the canceller counts as converged.

AEC3 suppresses nearly everything in the first second of an echo, however wrong its filter is, and lets up to two thirds
of it through in the second. 24 simulated paths (0 to 40 dB of loss, 50 to 200 ms, with and without
reverberation) count as converged after 2.4 to 5.5 s of speech; of the 124 blocks that Silero took for speech none came
later. With 1 and 1.5 s of evidence 32 did.
"""

DOUBT_S = 4.0
"""Seconds of echo let through before it no longer counts as converged; a second of a lowered echo outweighs three.

A user who speaks over the assistant looks like a changed path here; by then the assistant has stopped. AEC3 itself
needs 1 to 2.5 s for a changed path (delays moved by 5 to 100 ms).
"""


class Convergence:
    """Compares a canceller's input and output while the loudspeaker plays. Time is counted in samples."""

    def __init__(self) -> None:
        self._near = self._left = 0.0
        self._noise = 1.0
        self._active_s = 0.0
        self._echo_s = 0.0
        self._good_s = self._bad_s = 0.0
        self._converged = False

    @property
    def converged(self) -> bool:
        """Whether there has been no audible echo for some time; a user who speaks over it changes nothing."""
        return self._converged

    @property
    def erle_db(self) -> float | None:
        """Echo return loss enhancement: decibels by which the echo is lowered. None before anything was played.

        Speech over the echo and noise in the room make it appear smaller than it is.
        """
        return _db(self._near) - _db(self._left) if self._echo_s else None

    @property
    def residual_db(self) -> float | None:
        """Level of what is left while something is played, in dB of full scale. None before anything was."""
        return _db(self._left) if self._echo_s else None

    def observe(self, near: Samples, far: Samples, cleaned: Samples) -> None:
        """Take the microphone's signal, the loudspeaker's, and what the canceller made of the former.

        Equally long, at `LISTENING_RATE`, a few milliseconds apart at most.
        """
        seconds = len(near) / LISTENING_RATE
        left = _power(cleaned)
        self._noise = min(self._noise * 10 ** (NOISE_RISE_DB / 10 * seconds), left)
        self._active_s = TAIL_S if _db(_power(far)) > AUDIBLE_DB else self._active_s - seconds
        if self._active_s > 0:
            self._echo_s += seconds
            weight = max(1 - math.exp(-seconds / SMOOTH_S), seconds / self._echo_s)
            self._near += (_power(near) - self._near) * weight
            self._left += (left - self._left) * weight
            self._judge(seconds)

    def _judge(self, seconds: float) -> None:
        noise = self._noise * 10 ** (NOISE_DB / 10)
        if self._left > noise and self._left > self._near * 10 ** (-MIN_ERLE_DB / 10):
            self._good_s = 0.0
            self._bad_s += seconds
        elif self._near > noise:
            self._good_s += seconds
            self._bad_s = max(0.0, self._bad_s - 3 * seconds)
        else:
            self._good_s += seconds / 3  # no audible echo: a pause, or headphones
        if self._good_s >= EVIDENCE_S and not self._converged:
            self._converged, self._bad_s = True, 0.0
        elif self._bad_s >= DOUBT_S and self._converged:
            self._converged = False


def _power(samples: Samples) -> float:
    """Mean square, at least that of the last of 16 bits."""
    return max(float(samples @ samples) / len(samples), 1e-9)


def _db(power: float) -> float:
    return 10 * math.log10(max(power, 1e-12))
