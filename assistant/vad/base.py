"""What turn taking needs of a voice activity detector."""

from typing import Protocol

from assistant.audio.pcm import Samples


class VoiceActivity(Protocol):
    """A detector with the state of one audio stream."""

    def probability(self, block: Samples) -> float:
        """Return the probability of speech, 0 to 1, in a block of exactly `pcm.BLOCK` samples at 16 kHz.

        Takes well under a millisecond, so it is called on the event loop. Blocks must come in order.
        """

    def reset(self) -> None:
        """Discard the state; the next block starts a new stream."""

    def close(self) -> None:
        """Give back what the detector holds; it is not used any more."""
