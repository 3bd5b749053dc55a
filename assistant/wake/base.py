"""What the conversation needs of wake words, and what a wake word engine provides."""

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

    def scores(self, block: Samples) -> list[float]:
        """Return how likely the word has just been said, 0 to 1, once for each look of the model at `block`.

        `block` holds the next `pcm.BLOCK` samples at 16 kHz. Takes well under a millisecond on average, so it is called
        on the event loop. Raises `AssistantError` (`wake.failed`).
        """


class WakeWordDetector(Protocol):
    """Detects any of several wake words in one stream of audio."""

    def detect(self, block: AudioBlock) -> Detection | None:
        """Take the next block; return the wake word that it completes. Raises `AssistantError` (`wake.failed`)."""

    def close(self) -> None:
        """Give back what the detector holds; it is not used any more."""
