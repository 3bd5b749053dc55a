"""The interface of an end-of-turn model, which tells from the audio whether a turn is finished."""

from typing import Protocol

from assistant.audio.pcm import Samples


class EndOfTurn(Protocol):
    """A loaded model. Calls must not overlap."""

    @property
    def name(self) -> str: ...

    def probability(self, audio: Samples) -> float:
        """Estimate how likely (0 to 1) the speaker of `audio` (16 kHz, with the silence after it) has finished.

        Raises `AssistantError` (`turn.failed`).
        """
