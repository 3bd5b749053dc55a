"""Who goes first when several want the engines: whoever speaks to the assistant, then everything else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from assistant.flow import Signal


class Urgency(IntEnum):
    """How soon an engine is wanted; a lower value goes first."""

    SPOKEN = 0
    """By a person who speaks, or waits for a spoken answer."""
    BACKGROUND = 1
    """By work that is not waited for at the pace of conversation: a typed question, a recording to transcribe."""


class Precedence:
    """Claimed by a conversation from the onset of speech until its turn is over.

    While it is claimed no engine begins anything of `Urgency.BACKGROUND`, and what has begun is stopped: the machine is
    small, and also an engine that is free would take the processor from those that answer.
    """

    def __init__(self) -> None:
        self._claims = 0
        self._changed = Signal()
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever it is claimed for the first time or free again."""
        self._watchers.append(changed)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Go first for as long as the context lasts. Claims do not exclude each other."""
        self._claims += 1
        if self._claims == 1:
            self._notify()
        try:
            yield
        finally:
            self._claims -= 1
            if not self._claims:
                self._notify()

    @property
    def is_claimed(self) -> bool:
        """May be read in any thread."""
        return self._claims > 0

    async def until_claimed(self) -> None:
        """Return once it is claimed."""
        while not self._claims:
            await self._changed.wait()

    async def free(self) -> None:
        """Return once it is not claimed."""
        while self._claims:
            await self._changed.wait()

    def _notify(self) -> None:
        self._changed.notify()
        for changed in self._watchers:
            changed()
