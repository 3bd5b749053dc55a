"""Joining the audio of clauses into one continuous stream, with the pauses we want and no clicks."""

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import Samples

RELATIVE_THRESHOLD = 0.003
ABSOLUTE_THRESHOLD = 0.001
"""A sample is sound above the larger of this share of the loudest one so far, and this amplitude.

Measured on en_US-joe-medium over 16 clauses: silence before and after speech peaks at 0.0001 to 0.0008 of the loudest
sample, and the weakest sounds (f, th, h, a released t) rise from there through 0.003 within 5 ms.
"""

LEAD_S = 0.010
TAIL_S = 0.020
"""Kept of the silence before the first sound and after the last."""

FADE_S = 0.005
"""Length of the raised cosine at each cut."""


class SeamlessJoin:
    """Push the audio of a clause as it is made, then say that the clause has ended; what comes back is to be played.

    From the last sound of a clause to the first of the next passes the pause asked for, whatever silence the engine
    made around them. The first sound comes back with the audio it came in. Silence is held back until sound follows,
    and the pause after a sentence too, because it may have been the last.
    """

    def __init__(self, rate: int, clause_pause_ms: int, sentence_pause_ms: int) -> None:
        """`rate` in Hz. Pauses may be 0."""
        self._rate = rate
        self._clause_pause = rate * clause_pause_ms // 1000
        self._sentence_pause = rate * sentence_pause_ms // 1000
        self._fade = int(rate * FADE_S)
        self._reset()

    def _reset(self) -> None:
        self._speaking = False
        self._held = silence(0)
        self._owed = silence(0)
        self._lead = int(self._rate * LEAD_S)
        self._peak = 0.0

    def push(self, samples: Samples) -> Samples:
        """Take audio of the current clause, of any length; return what is certain to be played."""
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        audio = np.concatenate((self._held, samples))
        if not self._speaking:
            audio = self._begin(audio)
        certain = max(0, min(self._end_of_sound(audio), len(audio) - self._fade)) if self._speaking else 0
        self._held = audio[certain:]
        return audio[:certain]

    def end_clause(self, *, ends_sentence: bool) -> Samples:
        """The clause is complete: return its end, and the pause when the sentence is sure to go on."""
        if not self._speaking:
            return silence(0)
        pause = self._sentence_pause if ends_sentence else self._clause_pause
        end, tail = self._end(longest_tail=pause * 2 // 3)
        self._lead = min(int(self._rate * LEAD_S), pause - tail)
        rest = silence(pause - tail - self._lead)
        if not ends_sentence:
            return np.concatenate((end, rest))
        self._owed = rest
        return end

    def flush(self) -> Samples:
        """The reply has ended: return what is held back and be ready for the next."""
        end, _ = self._end(longest_tail=self._rate)
        self._reset()
        return end

    def _begin(self, audio: Samples) -> Samples:
        """The pause that is owed, and the audio from shortly before its first sound; silence is cut to its end."""
        loud = np.flatnonzero(self._is_sound(audio))
        if not len(loud):
            return audio[max(0, len(audio) - self._lead) :]
        self._speaking = True
        start = int(loud[0]) - self._lead
        kept = audio[max(0, start) :].copy()
        fade = min(self._fade, len(kept))
        kept[:fade] *= _rise(fade)
        owed, self._owed = self._owed, silence(0)
        return np.concatenate((owed, silence(max(0, -start)), kept))

    def _end(self, longest_tail: int) -> tuple[Samples, int]:
        """What is held back up to shortly after the last sound, and how many samples come after that."""
        if not self._speaking:
            return silence(0), 0
        sound = self._end_of_sound(self._held)
        tail = min(int(self._rate * TAIL_S), longest_tail, len(self._held) - sound)
        end = self._held[: sound + tail].copy()
        fade = min(self._fade, len(end))
        end[len(end) - fade :] *= _rise(fade)[::-1]
        self._held = silence(0)
        self._speaking = False
        return end, tail

    def _end_of_sound(self, audio: Samples) -> int:
        loud = np.flatnonzero(self._is_sound(audio))
        return int(loud[-1]) + 1 if len(loud) else 0

    def _is_sound(self, audio: Samples) -> NDArray[np.bool_]:
        threshold = max(ABSOLUTE_THRESHOLD, RELATIVE_THRESHOLD * self._peak)
        return np.greater(np.abs(audio), threshold)


def silence(samples: int) -> Samples:
    return np.zeros(samples, np.float32)


def _rise(samples: int) -> Samples:
    """Half a raised cosine, from 0 to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / max(1, samples))).astype(np.float32)
