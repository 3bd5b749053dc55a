"""When the assistant is being spoken to: after a wake word, and for a while after it has answered. Pure.

Time is samples of the audio clock.
"""

from dataclasses import dataclass
from enum import Enum

from assistant.audio.pcm import LISTENING_RATE
from assistant.config.schema import Wake


class Asleep(Enum):
    """Why nobody is listened to any more."""

    SILENCE = "silence"
    """Nobody said anything for as long as was waited."""
    DISMISSED = "dismissed"
    """The user said so: "never mind"."""


@dataclass(frozen=True, slots=True)
class Window:
    """Speech that begins before sample `until` is for the assistant."""

    until: int
    seconds: float


class Attention:
    """Speech counts while `is_awake`. Without wake words (`wake` None) it always does."""

    def __init__(self, wake: Wake | None) -> None:
        self._wake = wake
        self._window: Window | None = None
        self._engaged = False
        self._called = False

    @property
    def is_called(self) -> bool:
        """A wake word was said, and nothing since."""
        return self._called and self._window is not None

    @property
    def is_awake(self) -> bool:
        return self._wake is None or self._engaged or self._window is not None

    def woken(self, at: int) -> Window | None:
        """Somebody said a wake word, or asked to be heard in another way."""
        self._called = True
        return self._open(at, self._wake.listen_s) if self._wake else None

    def engaged(self) -> None:
        """A turn has begun: it is listened to however long it takes."""
        self._engaged = True
        self._window = None

    def answered(self, at: int, *, question: bool) -> Window | None:
        """The turn is over and the last sound of its answer has been played; `question` if that asked for more."""
        if self._wake is None or self._window is not None:
            return None  # it was woken while the answer was played
        self._called = False
        return self._open(at, self._wake.follow_up_question_s if question else self._wake.follow_up_s)

    def dismissed(self) -> Asleep | None:
        """The user wants nothing more; None where that changes nothing."""
        was_awake, self._engaged, self._window = self.is_awake, False, None
        return Asleep.DISMISSED if was_awake and self._wake is not None else None

    def passed(self, at: int) -> Asleep | None:
        """It is `at` now; tells once when a window has closed."""
        if self._window is None or at < self._window.until:
            return None
        self._window = None
        return Asleep.SILENCE

    def _open(self, at: int, seconds: float) -> Window | None:
        self._engaged = False
        self._window = Window(at + round(seconds * LISTENING_RATE), seconds) if seconds else None
        return self._window
