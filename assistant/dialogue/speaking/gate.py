"""The gate between what is prepared and what happens: closed until the turn is committed."""

import anyio

from assistant.events import Emitter, Event


class Gate:
    """Holds the events of a revision, and makes its playback wait, until `open`.

    A revision that is cancelled never opens its gate, so its events are never emitted.
    """

    def __init__(self, emit: Emitter) -> None:
        self._emit = emit
        self._held: list[Event] = []
        self._opened = anyio.Event()

    def emit(self, event: Event) -> None:
        """Emit `event` now if the gate is open, else when it opens, in order."""
        if self._opened.is_set():
            self._emit(event)
        else:
            self._held.append(event)

    def open(self) -> None:
        self._opened.set()
        for event in self._held:
            self._emit(event)
        self._held.clear()

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    async def passed(self) -> None:
        """Return once the gate is open."""
        await self._opened.wait()
