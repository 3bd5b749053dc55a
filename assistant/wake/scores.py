"""When scores mean that a wake word was said: a pure state machine on the audio clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant.audio.pcm import BLOCK, BLOCK_S, LISTENING_RATE
from assistant.wake.base import Detection, SecondLookAt

MIN_RUN = 2
"""Scores in a row that must reach the threshold; single ones are noise."""

REFRACTORY_S = 2.0
"""Seconds after a detection without another: scores stay high for up to 1.4 s after the word."""

LOOKS = 8
"""Blocks, one after another (0.26 s), at whose ends a candidate is looked at until it is the word."""


@dataclass(frozen=True)
class Criteria:
    """What makes scores a wake word."""

    threshold: float
    """Score of the streaming model, 0 to 1, that `MIN_RUN` in a row must reach."""
    latency_s: float
    """Seconds from the end of the word to the block in which they do, or to the first look at it."""
    second_look: SecondLookAt | None = None
    """None for a word that needs none."""


@dataclass
class _Word:
    criteria: Criteria
    run: int = 0
    """Scores in a row that have reached the threshold."""
    candidate: Detection | None = None
    """As it was when it became one; None once it has been looked at."""

    def follow(self, name: str, scores: Sequence[float], end: int) -> Detection | None:
        """Take the scores of the block that ends at `end`; return the word if it may be said there."""
        look = self.criteria.second_look
        wait = round(look.wait_s / BLOCK_S) if look is not None else 0
        latency = round(self.criteria.latency_s * LISTENING_RATE)
        for score in scores:
            self.run = self.run + 1 if score >= self.criteria.threshold else 0
            if self.run == MIN_RUN and self.candidate is None:
                self.candidate = Detection(name, score, end, end + wait * BLOCK - latency)
        candidate = self.candidate
        if candidate is None:
            return None
        number = (end - candidate.at) // BLOCK - wait
        if look is None or number >= LOOKS - 1:
            self.candidate = None
        return replace(candidate, at=end) if number >= 0 else None


@dataclass
class ScoreFilter:
    """Turns the scores of several words into candidates, and those into detections."""

    words: Mapping[str, Criteria]
    _words: dict[str, _Word] = field(init=False)
    _refractory_until: int = 0

    def __post_init__(self) -> None:
        self._words = {name: _Word(criteria) for name, criteria in self.words.items()}

    def push(self, scores: Mapping[str, Sequence[float]], end: int) -> list[Detection]:
        """Take each model's scores for the block that ends at sample `end`; return the words that may be said there."""
        found = [word.follow(name, scores.get(name, ()), end) for name, word in self._words.items()]
        return [each for each in found if each is not None and end >= self._refractory_until]

    def needs_look(self, found: Sequence[Detection]) -> bool:
        """Whether only a second look can tell if one of `found`, of one block, was said."""
        return bool(found) and all(self.words[each.word].second_look is not None for each in found)

    def settle(self, found: Sequence[Detection], looks: Mapping[str, float]) -> Detection | None:
        """Return the likeliest of `found` that was said, given the scores of a second look at that block."""
        said = [each for each in (self._said(each, looks) for each in found) if each is not None]
        likeliest = max(said, key=_likelihood, default=None)
        if likeliest is not None:
            self._refractory_until = likeliest.at + round(REFRACTORY_S * LISTENING_RATE)
            for word in self._words.values():
                word.candidate = None
        return likeliest

    def _said(self, found: Detection, looks: Mapping[str, float]) -> Detection | None:
        wanted = self.words[found.word].second_look
        if wanted is None:
            return found
        score = looks.get(found.word, 0.0)
        return replace(found, second_look=score) if score >= wanted.score else None


def _likelihood(detection: Detection) -> float:
    return detection.score if detection.second_look is None else detection.second_look
