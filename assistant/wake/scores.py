"""When scores mean that a wake word was said: a pure state machine on the audio clock."""

from dataclasses import dataclass, field

from assistant.audio.pcm import LISTENING_RATE
from assistant.wake.base import Wake

PATIENCE = 2
"""Scores one after another that must reach the threshold; single ones are noise."""

REFRACTORY_S = 2.0
"""After a wake word none is heard for so long: scores stay high for up to 1.4 s after the word."""


@dataclass
class _Word:
    threshold: float
    late: int
    run: int = 0
    """Scores in a row that have reached the threshold."""


@dataclass
class Detector:
    """Several words, each with a threshold (0 to 1) and how late it is certain (seconds)."""

    words: dict[str, tuple[float, float]]
    _words: dict[str, _Word] = field(init=False)
    _rests_until: int = 0

    def __post_init__(self) -> None:
        self._words = {
            name: _Word(threshold, round(late_s * LISTENING_RATE)) for name, (threshold, late_s) in self.words.items()
        }

    def heard(self, scores: dict[str, list[float]], end: int) -> Wake | None:
        """Take what the models made of the block that ends at sample `end`; the likeliest word that this completes."""
        found = [wake for name, values in scores.items() if (wake := self._follow(name, values, end)) is not None]
        if not found or end < self._rests_until:
            return None
        self._rests_until = end + round(REFRACTORY_S * LISTENING_RATE)
        return max(found, key=lambda wake: wake.score)

    def _follow(self, name: str, scores: list[float], end: int) -> Wake | None:
        word = self._words[name]
        wake = None
        for score in scores:
            word.run = word.run + 1 if score >= word.threshold else 0
            if word.run == PATIENCE:
                wake = Wake(name, score, end, end - word.late)
        return wake
