"""What a daemon says over its socket while somebody talks to it."""

from collections.abc import Callable, Iterator
from contextlib import aclosing
from typing import Any

import anyio
from anyio.abc import TaskStatus

from assistant.client import AsyncClient

HappeningEvent = dict[str, Any]
"""An event as it comes over the socket."""

WITNESSED = (
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


class Witness:
    """Keeps the events that matter to who talks to the daemon, in order."""

    def __init__(self) -> None:
        self.events: list[HappeningEvent] = []
        self._times: list[float] = []
        self._changed = anyio.Event()

    async def watch(self, client: AsyncClient, *, task_status: TaskStatus[None]) -> None:
        """Raises `AssistantError` (`ipc.unavailable`) when the daemon goes away."""
        async with aclosing(await client.events(*WITNESSED)) as happening:
            task_status.started()
            async for event in happening:
                self.events.append(event)
                self._times.append(anyio.current_time())
                self._changed.set()
                self._changed = anyio.Event()

    @property
    def timed(self) -> Iterator[tuple[float, HappeningEvent]]:
        """The events with the time at which they came."""
        return zip(self._times, self.events, strict=True)

    @property
    def now(self) -> int:
        """A place in the order of events: what comes later comes since then."""
        return len(self.events)

    def seen(self, name: str, since: int = 0) -> list[HappeningEvent]:
        return [event for event in self.events[since:] if event["event"] == name]

    async def until(
        self, wanted: Callable[[HappeningEvent], bool], since: int, within_s: float
    ) -> HappeningEvent | None:
        """The first event since then that is `wanted`; None when none comes in time."""
        with anyio.move_on_after(within_s):
            while True:
                for event in self.events[since:]:
                    if wanted(event):
                        return event
                since = self.now
                await self._changed.wait()
        return None


def named(*names: str) -> Callable[[HappeningEvent], bool]:
    """Whether an event has one of the names."""
    return lambda event: event["event"] in names
