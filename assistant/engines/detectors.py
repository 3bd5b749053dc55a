"""What listens to one stream of sound all the time, with a memory of it: voice activity and wake words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.vad.base import VoiceActivity
from assistant.vad.silero import Silero
from assistant.wake.base import WakeWordDetector
from assistant.wake.words import WakeWords

Words = Mapping[str, float | Literal["auto"]]
"""Wake words, as in `wake.words`: each with the score from which it counts."""


@dataclass
class Detectors:
    """For one stream; the next stream needs others."""

    activity: VoiceActivity
    wake: WakeWordDetector | None
    """None where no wake word is needed."""

    def close(self) -> None:
        """Give back what they hold: the models of a stream, 3 MB, not when the garbage collector comes by but now."""
        self.activity.close()
        if self.wake is not None:
            self.wake.close()


DetectorLoader = Callable[[Words | None], Detectors]
"""Loads them, in any thread; None for no wake words. Raises `AssistantError` (`model.*`, `config.invalid`)."""


def load_detectors(words: Words | None) -> Detectors:
    """Load the detectors that come with the program."""
    return Detectors(Silero(), WakeWords(words) if words is not None else None)
