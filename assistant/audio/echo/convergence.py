"""How much of the loudspeaker is left in what an echo canceller gives out."""

import math

from assistant.audio.pcm import LISTENING_RATE, Samples

AUDIBLE_DB = -55.0
"""Level of what the loudspeaker plays, in dB of full scale, from which there may be an echo of it."""

TAIL_S = 0.2
"""How much longer than the sound its echo may last."""

SMOOTH_S = 0.3
"""Time constant of the levels: some two syllables."""

ENOUGH_DB = 12.0
"""By how much a canceller that has converged lowers the echo, at least."""

NOISE_DB = 6.0
"""What is left counts as the room's noise up to so much above the quietest moment of late."""

NOISE_RISE_DB = 1.0
"""How much louder that moment may become in a second."""

EVIDENCE_S = 2.0
"""Echo that has to be lowered so far, without interruption, before the canceller counts as converged.

AEC3 suppresses nearly everything in the first second that it hears an echo, however wrong its filter is, and lets
up to two thirds of it through in the second. 24 simulated paths (0 to 40 dB of loss, 50 to 200 ms, with and without
reverberation) count as converged after 2.4 to 5.5 s of speech; of the 124 blocks that Silero took for speech none came
later. With 1 and 1.5 s of evidence 32 did.
"""

DOUBT_S = 4.0
"""Echo that has to be let through before it no longer does; every second of a lowered one makes up for three.

A user who speaks over the assistant looks like a changed path here; by then the assistant has stopped. AEC3 itself
needs 1 to 2.5 s for a changed path (delays moved by 5 to 100 ms).
"""


class Convergence:
    """Compares what goes into a canceller with what comes out, while the loudspeaker plays. Time is the audio's."""

    def __init__(self) -> None:
        self._near = self._left = 0.0
        self._noise = 1.0
        self._active_s = 0.0
        self._heard_s = 0.0
        self._good_s = self._bad_s = 0.0
        self._converged = False

    @property
    def converged(self) -> bool:
        """The echo is gone, or there is none, and has been for some time; a user who speaks over it changes nothing."""
        return self._converged

    @property
    def erle_db(self) -> float | None:
        """Echo return loss enhancement: by how much it is lowered. None before anything was played.

        Speech over the echo, and noise in the room, make it smaller than it is.
        """
        return _db(self._near) - _db(self._left) if self._heard_s else None

    @property
    def residual_db(self) -> float | None:
        """Level of what is left while something is played, in dB of full scale. None before anything was."""
        return _db(self._left) if self._heard_s else None

    def hear(self, near: Samples, far: Samples, cleaned: Samples) -> None:
        """Take what the microphone heard, what the loudspeaker played, and what is left of the former: equally long,
        at `LISTENING_RATE`, a few milliseconds apart at most."""
        seconds = len(near) / LISTENING_RATE
        left = _power(cleaned)
        self._noise = min(self._noise * 10 ** (NOISE_RISE_DB / 10 * seconds), left)
        self._active_s = TAIL_S if _db(_power(far)) > AUDIBLE_DB else self._active_s - seconds
        if self._active_s > 0:
            self._heard_s += seconds
            weight = max(1 - math.exp(-seconds / SMOOTH_S), seconds / self._heard_s)
            self._near += (_power(near) - self._near) * weight
            self._left += (left - self._left) * weight
            self._judge(seconds)

    def _judge(self, seconds: float) -> None:
        noise = self._noise * 10 ** (NOISE_DB / 10)
        if self._left > noise and self._left > self._near * 10 ** (-ENOUGH_DB / 10):
            self._good_s = 0.0
            self._bad_s += seconds
        elif self._near > noise:
            self._good_s += seconds
            self._bad_s = max(0.0, self._bad_s - 3 * seconds)
        else:
            self._good_s += seconds / 3  # no echo to be heard: a pause, or headphones
        if self._good_s >= EVIDENCE_S and not self._converged:
            self._converged, self._bad_s = True, 0.0
        elif self._bad_s >= DOUBT_S and self._converged:
            self._converged = False


def _power(samples: Samples) -> float:
    """Mean square, no less than the last bit of 16."""
    return max(float(samples @ samples) / len(samples), 1e-9)


def _db(power: float) -> float:
    return 10 * math.log10(max(power, 1e-12))
