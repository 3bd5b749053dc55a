"""Voice activity behind an energy gate: in a quiet room the model is not asked."""

from collections import deque

from assistant.audio.pcm import BLOCK_S, Samples
from assistant.vad.base import VoiceActivity
from assistant.vad.energy_gate import EnergyGate

CATCH_UP = round(0.5 / BLOCK_S)
"""Skipped blocks (half a second) that the model is shown first when it is asked again; after them its state is as if it
had never been idle."""

MAX_SKIPPED = round(1.0 / BLOCK_S)
"""Blocks (1 s) skipped in a row, so that a model that hangs is noticed."""


class GatedActivity:
    """Asks `activity` unless the energy gate is closed and no speech is expected: then the probability is 0.

    Silero took 1.2% of a core of the 11.9% that listening for a wake word took.
    """

    def __init__(self, activity: VoiceActivity) -> None:
        self._activity = activity
        self.reset()

    def reset(self) -> None:
        """As `VoiceActivity.reset`."""
        self._activity.reset()
        self._gate = EnergyGate()
        self._skipped: deque[Samples] = deque(maxlen=CATCH_UP)
        self._idle_blocks = 0

    @property
    def idle(self) -> bool:
        """Whether the model was not asked about the latest block."""
        return self._idle_blocks > 0

    def probability(self, samples: Samples, *, needed: bool) -> float:
        """As `VoiceActivity.probability`. `needed`: speech is expected, so the model is asked about every block."""
        if self._gate.push(samples) or needed:
            for skipped in self._skipped:
                self._activity.probability(skipped)
        elif self._idle_blocks < MAX_SKIPPED:
            self._skipped.append(samples)
            self._idle_blocks += 1
            return 0.0
        self._idle_blocks = 0
        self._skipped.clear()
        return self._activity.probability(samples)
