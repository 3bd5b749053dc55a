"""The events that the daemon under test sends over its socket."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import anyio
from anyio.abc import TaskStatus

from assistant.client import AsyncClient

DaemonEvent = dict[str, Any]
"""An event as decoded from the socket."""

RECORDED_EVENTS = (
    "woken",
    "fell_asleep",
    "follow_up",
    "speech_started",
    "playback_started",
    "playback_finished",
    "turn_finished",
    "audio_dropped",
    "load_shed",
    "error",
)


class EventRecorder:
    """Records the events that a scenario reacts to, in order."""

    def __init__(self) -> None:
        self.events: list[DaemonEvent] = []
        self._times: list[float] = []
        self._changed = anyio.Event()

    async def record(self, client: AsyncClient, *, task_status: TaskStatus[None]) -> None:
        """Record events until cancelled. Raises `AssistantError` (`ipc.unavailable`) when the connection ends."""
        async with aclosing(await client.events(*RECORDED_EVENTS)) as stream:
            task_status.started()
            async for event in stream:
                self.events.append(event)
                self._times.append(anyio.current_time())
                self._changed.set()
                self._changed = anyio.Event()

    @property
    def timed(self) -> Iterator[tuple[float, DaemonEvent]]:
        """The events with their times of arrival on the monotonic clock."""
        return zip(self._times, self.events, strict=True)

    @property
    def position(self) -> int:
        """Number of events so far; pass it as `since` to look at later ones only."""
        return len(self.events)

    def seen(self, name: str, since: int = 0) -> list[DaemonEvent]:
        """Return the events called `name`."""
        return [event for event in self.events[since:] if event["event"] == name]

    async def until(self, wanted: Callable[[DaemonEvent], bool], since: int, timeout_s: float) -> DaemonEvent | None:
        """Wait for the first event that is `wanted`; None when there is none in time."""
        with anyio.move_on_after(timeout_s):
            while True:
                for event in self.events[since:]:
                    if wanted(event):
                        return event
                since = self.position
                await self._changed.wait()
        return None


def named(*names: str) -> Callable[[DaemonEvent], bool]:
    """Return a condition: whether an event is called one of `names`."""
    return lambda event: event["event"] in names
