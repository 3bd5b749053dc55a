"""What the conversation needs of wake words, and what a wake word engine provides."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from assistant.audio.pcm import AudioBlock, Samples


@dataclass(frozen=True, slots=True)
class Detection:
    """A wake word that was said. Positions are samples of the audio clock."""

    word: str
    score: float
    """0 to 1."""
    at: int
    """Position at which it was detected."""
    word_end: int
    """Position at which the word ends, as well as it is known: speech after it begins here."""
    second_look: float | None = None
    """Score of the second look, 0 to 1; None for a word that has none."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Sounds like a wake word; a second look decides.

    The decision depends on the audio up to this block alone, and the next block waits for it.
    """

    look: Callable[[], Detection | None]
    """Returns the word, if it is one. Takes 20 ms of one x86 core; call it once, in a worker. Raises `AssistantError`
    (`wake.failed`)."""


@dataclass(frozen=True, slots=True)
class SecondLookAt:
    """When a second look is taken at a candidate, and what it must find."""

    score: float
    """Score, 0 to 1, from which the candidate is the word."""
    wait_s: float
    """Seconds until the first look: the word may be detected before it has ended."""


class WakeWordModel(Protocol):
    """A loaded model of one wake word, with the state of one stream of audio."""

    @property
    def name(self) -> str: ...

    @property
    def threshold(self) -> float:
        """Score from which the word counts as said, unless the configuration names another."""

    @property
    def latency_s(self) -> float:
        """Seconds from the end of the word to its detection."""

    @property
    def second_look(self) -> SecondLookAt | None:
        """What a second look must find before the word counts as said; None if there is none for it."""

    def scores(self, block: Samples) -> list[float]:
        """Return how likely the word has just been said, 0 to 1, once for each look of the model at `block`.

        `block` holds the next `pcm.BLOCK` samples at 16 kHz. Takes well under a millisecond on average, so it is called
        on the event loop. Raises `AssistantError` (`wake.failed`).
        """


class WakeWordDetector(Protocol):
    """Detects any of several wake words in one stream of audio."""

    def detect(self, block: AudioBlock) -> Detection | Candidate | None:
        """Take the next block; return the wake word that it completes, or what may be one.

        Raises `AssistantError` (`wake.failed`)."""

    def close(self) -> None:
        """Give back what the detector holds; it is not used any more."""
