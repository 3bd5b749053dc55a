"""Attention: speech is for the assistant after a wake word, and for a while after an answer. Pure.

Time is samples of the audio clock.
"""

from dataclasses import dataclass
from enum import Enum

from assistant.audio.pcm import LISTENING_RATE
from assistant.config.schema import Wake


class IdleReason(Enum):
    """Why the assistant went idle."""

    SILENCE = "silence"
    """The window closed without speech."""
    DISMISSED = "dismissed"
    """The user dismissed it: "never mind"."""


@dataclass(frozen=True, slots=True)
class Window:
    """Listening without a wake word: speech that begins before sample `until` is for the assistant."""

    until: int
    seconds: float


class Attention:
    """Speech is for the assistant while `is_awake`; always, without wake words (`wake` None)."""

    def __init__(self, wake: Wake | None) -> None:
        self._wake = wake
        self._window: Window | None = None
        self._engaged = False
        self._called = False

    @property
    def is_called(self) -> bool:
        """Whether a wake word was said, and nothing since."""
        return self._called and self._window is not None

    @property
    def is_awake(self) -> bool:
        return self._wake is None or self._engaged or self._window is not None

    def woken(self, at: int) -> Window | None:
        """Open a window: a wake word was said, or listening was requested by other means."""
        self._called = True
        return self._open(at, self._wake.listen_s) if self._wake else None

    def engaged(self) -> None:
        """Stay awake for a turn that has begun, however long it takes."""
        self._engaged = True
        self._window = None

    def answered(self, at: int, *, question: bool) -> Window | None:
        """Open a follow-up window: the answer has been played to its end. `question`: it ended with a question."""
        if self._wake is None or self._window is not None:
            return None  # it was woken while the answer was played
        self._called = False
        return self._open(at, self._wake.follow_up_question_s if question else self._wake.follow_up_s)

    def dismissed(self) -> IdleReason | None:
        """Go idle because the user wants nothing more; None if that changes nothing."""
        was_awake, self._engaged, self._window = self.is_awake, False, None
        return IdleReason.DISMISSED if was_awake and self._wake is not None else None

    def passed(self, at: int) -> IdleReason | None:
        """Advance to sample `at`; returns the reason once, when a window has closed."""
        if self._window is None or at < self._window.until:
            return None
        self._window = None
        return IdleReason.SILENCE

    def _open(self, at: int, seconds: float) -> Window | None:
        self._engaged = False
        self._window = Window(at + round(seconds * LISTENING_RATE), seconds) if seconds else None
        return self._window
