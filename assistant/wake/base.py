"""What the conversation needs of wake words, and what a wake word's engine provides."""

from dataclasses import dataclass
from typing import Protocol

from assistant.audio.pcm import AudioBlock, Samples


@dataclass(frozen=True, slots=True)
class Wake:
    """A wake word was heard. Positions are samples of the audio clock."""

    word: str
    score: float
    """0 to 1."""
    at: int
    """Where it became certain."""
    word_end: int
    """Where the word ends, as well as can be told: what is said after it begins here."""


class WakeWord(Protocol):
    """A loaded model with the memory of one stream of audio."""

    @property
    def name(self) -> str: ...

    @property
    def threshold(self) -> float:
        """The score from which it counts where nothing else is said."""

    @property
    def late_s(self) -> float:
        """How long after the end of the word it is certain, in seconds."""

    def scores(self, block: Samples) -> list[float]:
        """How likely the word was just said, 0 to 1, as often as the model looks at the next `pcm.BLOCK` samples.

        `block` is at 16 kHz. Takes well under a millisecond on average, so it is called on the event loop. Raises
        `AssistantError` (`wake.failed`).
        """


class Spotter(Protocol):
    """Wake words that are being listened for."""

    def heard(self, block: AudioBlock) -> Wake | None:
        """Take the next block; the wake word that it completes. Raises `AssistantError` (`wake.failed`)."""
