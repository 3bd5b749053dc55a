"""Priority between requests for the engines: speech to the assistant first, then everything else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

import anyio

from assistant.flow import Signal


class Urgency(IntEnum):
    """How urgently an engine is wanted; the lower value goes first."""

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
        self._yielding: set[anyio.CancelScope] = set()

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever it is claimed for the first time or free again."""
        self._watchers.append(changed)

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Go first for as long as the context lasts. Claims do not exclude each other."""
        self._claims += 1
        if self._claims == 1:
            for scope in self._yielding:
                scope.cancel()
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

    @contextmanager
    def yielded_to(self) -> Iterator[anyio.CancelScope]:
        """Cancel what the context encloses, and nothing else, as soon as it is claimed."""
        with anyio.CancelScope() as scope:
            self._yielding.add(scope)
            try:
                yield scope
            finally:
                self._yielding.remove(scope)

    async def free(self) -> None:
        """Return once it is not claimed."""
        while self._claims:
            await self._changed.wait()

    def _notify(self) -> None:
        self._changed.notify()
        for changed in self._watchers:
            changed()
