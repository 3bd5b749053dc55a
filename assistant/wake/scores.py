"""When scores mean that a wake word was said: a pure state machine on the audio clock."""

from dataclasses import dataclass, field

from assistant.audio.pcm import LISTENING_RATE
from assistant.wake.base import Detection

MIN_RUN = 2
"""Scores in a row that must reach the threshold; single ones are noise."""

REFRACTORY_S = 2.0
"""Seconds after a detection without another: scores stay high for up to 1.4 s after the word."""


@dataclass
class _Word:
    threshold: float
    latency: int
    """Samples."""
    run: int = 0
    """Scores in a row that have reached the threshold."""


@dataclass
class ScoreFilter:
    """Turns the scores of several words into detections."""

    words: dict[str, tuple[float, float]]
    """For each word its threshold (0 to 1) and the seconds from its end to its detection."""
    _words: dict[str, _Word] = field(init=False)
    _refractory_until: int = 0

    def __post_init__(self) -> None:
        self._words = {
            name: _Word(threshold, round(latency_s * LISTENING_RATE))
            for name, (threshold, latency_s) in self.words.items()
        }

    def push(self, scores: dict[str, list[float]], end: int) -> Detection | None:
        """Take each model's scores for the block that ends at sample `end`; return the likeliest word it completes."""
        found = [detection for name, values in scores.items() if (detection := self._follow(name, values, end))]
        if not found or end < self._refractory_until:
            return None
        self._refractory_until = end + round(REFRACTORY_S * LISTENING_RATE)
        return max(found, key=lambda detection: detection.score)

    def _follow(self, name: str, scores: list[float], end: int) -> Detection | None:
        word = self._words[name]
        detection = None
        for score in scores:
            word.run = word.run + 1 if score >= word.threshold else 0
            if word.run == MIN_RUN:
                detection = Detection(name, score, end, end - word.latency)
        return detection
