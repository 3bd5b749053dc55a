"""What is to be said as soon as the assistant and the user are silent."""

from assistant.dialogue.speaking.announcement import Announcement
from assistant.errors import AssistantError, Code

MAX_WAITING = 32
"""Announcements that may wait: more than ten minutes of them, more than anyone listens to at once."""


class AnnouncementQueue:
    """The most important comes first, and of equal ones the oldest."""

    def __init__(self) -> None:
        self._waiting: list[Announcement] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, announcement: Announcement) -> None:
        """Append an announcement. Raises `AssistantError` (`queue.full`)."""
        if len(self._waiting) >= MAX_WAITING:
            raise AssistantError(Code.QUEUE_FULL, f"{MAX_WAITING} announcements wait already; say less, or `stop` them")
        self._waiting.append(announcement)

    def pop(self) -> Announcement | None:
        """Take out the one to be said now."""
        chosen = max(self._waiting, key=lambda waiting: waiting.priority, default=None)  # the first of the largest
        if chosen is not None:
            self._waiting.remove(chosen)
        return chosen

    def discard(self, announcement: Announcement) -> None:
        """Forget it, if it still waits."""
        if announcement in self._waiting:
            self._waiting.remove(announcement)

    def clear(self) -> bool:
        """Forget all; whether any waited."""
        waiting, self._waiting = self._waiting, []
        for announcement in waiting:
            announcement.discard()
        return bool(waiting)
