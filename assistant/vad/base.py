"""What the turn taking needs of a voice activity detector."""

from typing import Protocol

from assistant.audio.pcm import Samples


class VoiceActivity(Protocol):
    """A detector with the memory of one audio stream."""

    def probability(self, block: Samples) -> float:
        """Probability of speech, 0 to 1, in a block of exactly `pcm.BLOCK` samples at 16 kHz.

        Takes well under a millisecond, so it is called on the event loop. Blocks must come in order.
        """

    def reset(self) -> None:
        """Forget the stream; the next block starts a new one."""
