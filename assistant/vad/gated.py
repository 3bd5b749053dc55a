"""Voice activity that rests while the room is quiet and nobody has to be heard at once."""

from collections import deque

from assistant.audio.pcm import BLOCK_S, Samples
from assistant.vad.base import VoiceActivity
from assistant.vad.quiet import Quiet

REMEMBERED = round(0.5 / BLOCK_S)
"""Blocks that are made up for when it wakes: half a second, after which its memory is as if it had not slept."""

PROOF = round(1.0 / BLOCK_S)
"""Of so many blocks one is looked at in any case, so that a model that hangs is found out."""


class Sparing:
    """Asks `activity`, but not about the blocks of a quiet room while it is not `needed`: those have probability 0.

    Silero took 1.2% of a core of the 11.9% that listening for a wake word took.
    """

    def __init__(self, activity: VoiceActivity) -> None:
        self._activity = activity
        self.reset()

    def reset(self) -> None:
        """As `VoiceActivity.reset`."""
        self._activity.reset()
        self._quiet = Quiet()
        self._left_out: deque[Samples] = deque(maxlen=REMEMBERED)
        self._rested = 0

    @property
    def rests(self) -> bool:
        """The latest block was none of a voice, and is one of many."""
        return self._rested > 0

    def probability(self, samples: Samples, *, needed: bool) -> float:
        """As `VoiceActivity.probability`."""
        if not self._quiet.heard(samples) or needed:
            for left_out in self._left_out:
                self._activity.probability(left_out)
        elif self._rested < PROOF:
            self._left_out.append(samples)
            self._rested += 1
            return 0.0
        self._rested = 0
        self._left_out.clear()
        return self._activity.probability(samples)
