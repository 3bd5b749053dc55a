"""What is to be said as soon as the assistant and the user are silent."""

from assistant.dialogue.speaking.cue import Cue
from assistant.errors import AssistantError, Code

MOST = 32
"""Cues that may wait: more than ten minutes of announcements, which nobody listens to at once."""


class Waiting:
    """The most important comes first, and of equal ones the oldest."""

    def __init__(self) -> None:
        self._cues: list[Cue] = []

    def __len__(self) -> int:
        return len(self._cues)

    def add(self, cue: Cue) -> None:
        """Raises `AssistantError` (`queue.full`)."""
        if len(self._cues) >= MOST:
            raise AssistantError(Code.QUEUE_FULL, f"{MOST} announcements wait already; say less, or `stop` them")
        self._cues.append(cue)

    def next(self) -> Cue | None:
        """Take out the one to be said now."""
        chosen = max(self._cues, key=lambda cue: cue.priority, default=None)  # the first of the largest
        if chosen is not None:
            self._cues.remove(chosen)
        return chosen

    def remove(self, cue: Cue) -> bool:
        """Forget `cue`; whether it was waiting."""
        if cue not in self._cues:
            return False
        self._cues.remove(cue)
        return True

    def clear(self) -> list[Cue]:
        """Forget all; those that waited."""
        cues, self._cues = self._cues, []
        return cues
