"""Joining the audio of clauses into one continuous stream, with the intended pauses and no clicks."""

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import Samples

RELATIVE_THRESHOLD = 0.003
ABSOLUTE_THRESHOLD = 0.001
"""A sample counts as sound above the larger of two amplitudes: this share of the loudest so far, and this value.

Measured on en_US-joe-medium over 16 clauses: silence before and after speech peaks at 0.0001 to 0.0008 of the loudest
sample, and the weakest sounds (f, th, h, a released t) rise from there through 0.003 within 5 ms.
"""

LEAD_S = 0.010
TAIL_S = 0.020
"""Seconds of silence that are kept before the first sound and after the last."""

FADE_S = 0.005
"""Length of the raised-cosine fade at each cut, in seconds."""


class SeamlessJoin:
    """Takes the audio of a clause piece by piece, then the end of the clause, and returns the audio to play.

    The pause from the last sound of a clause to the first sound of the next is exactly the one configured, whatever
    silence the engine generates around them. Sound is returned by the call that brought it. Silence is held back until
    sound follows; so is the pause after a sentence, because that may have been the last.
    """

    def __init__(self, rate: int, clause_pause_ms: int, sentence_pause_ms: int) -> None:
        """Take `rate` in Hz and the pauses, which may be 0, in milliseconds."""
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
        """Take any amount of audio of the current clause; return what is certain to be played."""
        self._peak = max(self._peak, float(np.abs(samples).max(initial=0.0)))
        audio = np.concatenate((self._held, samples))
        if not self._speaking:
            audio = self._begin(audio)
        certain = max(0, min(self._end_of_sound(audio), len(audio) - self._fade)) if self._speaking else 0
        self._held = audio[certain:]
        return audio[:certain]

    def end_clause(self, *, ends_sentence: bool) -> Samples:
        """Complete the clause: return its end, followed by the pause if the sentence goes on."""
        if not self._speaking:
            return silence(0)
        pause = self._sentence_pause if ends_sentence else self._clause_pause
        end, tail = self._end(max_tail=pause * 2 // 3)
        self._lead = min(int(self._rate * LEAD_S), pause - tail)
        rest = silence(pause - tail - self._lead)
        if not ends_sentence:
            return np.concatenate((end, rest))
        self._owed = rest
        return end

    def flush(self) -> Samples:
        """Complete the reply: return what is held back and start over for the next."""
        end, _ = self._end(max_tail=self._rate)
        self._reset()
        return end

    def _begin(self, audio: Samples) -> Samples:
        """Return the pause that is owed and the audio from shortly before its first sound; of silence only the end."""
        loud = np.flatnonzero(self._is_sound(audio))
        if not len(loud):
            return audio[max(0, len(audio) - self._lead) :]
        self._speaking = True
        start = int(loud[0]) - self._lead
        kept = audio[max(0, start) :].copy()
        fade = min(self._fade, len(kept))
        kept[:fade] *= _fade_in(fade)
        owed, self._owed = self._owed, silence(0)
        return np.concatenate((owed, silence(max(0, -start)), kept))

    def _end(self, max_tail: int) -> tuple[Samples, int]:
        """Return what is held back up to shortly after the last sound, and how many samples of it follow that sound."""
        if not self._speaking:
            return silence(0), 0
        sound = self._end_of_sound(self._held)
        tail = min(int(self._rate * TAIL_S), max_tail, len(self._held) - sound)
        end = self._held[: sound + tail].copy()
        fade = min(self._fade, len(end))
        end[len(end) - fade :] *= _fade_in(fade)[::-1]
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


def _fade_in(samples: int) -> Samples:
    """Compute the gains of a raised-cosine fade, from 0 to 1."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(samples) + 0.5) / max(1, samples))).astype(np.float32)
