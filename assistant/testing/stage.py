"""A room with everything around it scripted."""

import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import anyio

from assistant.answers.base import Responder
from assistant.answers.history import History
from assistant.answers.model import ModelResponder
from assistant.answers.order import Responders
from assistant.bus import Bus
from assistant.config.schema import Answers, Asr, Config, Turns
from assistant.engines.engines import Engines
from assistant.events import Event, Level, RoomClosed, RoomOpened, TurnFinished
from assistant.flow import Signal
from assistant.rooms.registry import Rooms
from assistant.rooms.room import Room
from assistant.rooms.shared import Shared
from assistant.store.rooms import LOCAL_ROOM
from assistant.testing.scripted import Script, ScriptedEars, ScriptedLoudspeaker

SILENCE = Turns(mode="silence")
MODEL_ONLY = Answers(order=["model"])
QUIET = Config(asr=Asr(partials=False), turns=SILENCE, wake="none", answers=MODEL_ONLY)
ENGINE_THREADS = {"recognition", "reading", "generation", "synthesis", "judgement"}


@dataclass
class Stage:
    """A room that converses, and everything around it."""

    script: Script
    ears: ScriptedEars
    loudspeaker: ScriptedLoudspeaker
    tasks: anyio.abc.TaskGroup
    engines: Engines
    bus: Bus
    rooms: Rooms
    room: Room = field(init=False)
    events: list[Event] = field(default_factory=list)
    """What has happened in all rooms, but for levels, which come ten times a second, and rooms that open and close."""
    _changed: Signal = field(default_factory=Signal)

    @property
    def history(self) -> History:
        return self.room.memory.history

    def take(self, event: Event) -> None:
        if not isinstance(event, Level | RoomOpened | RoomClosed):
            self.events.append(event)
        self._changed.notify()

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type[Event], count: int = 1) -> Event:
        while len(self.seen(kind)) < count:
            await self._changed.wait()
        return self.seen(kind)[count - 1]

    async def turn_finished(self, count: int = 1) -> TurnFinished:
        finished = await self.until(TurnFinished, count)
        assert isinstance(finished, TurnFinished)
        return finished

    async def ask(self) -> None:
        """Say a sentence, and the silence that ends it."""
        await self.ears.hear(0.9, 960)
        await self.ears.hear(0.0, 640)


@asynccontextmanager
async def conversation(
    script: Script | None = None,
    config: Config = QUIET,
    loudspeaker: ScriptedLoudspeaker | None = None,
    *,
    echo_free: bool | None = None,
    responders: Sequence[Responder] = (),
) -> AsyncIterator[Stage]:
    """`echo_free`: as `AudioSource.echo_free`. `responders` are asked before the scripted language model, and nothing
    else is, whatever `config` says."""
    script = script or Script()
    ears = ScriptedEars()
    ears.echo_free = echo_free
    sink = loudspeaker or ScriptedLoudspeaker()
    bus, engines = Bus(), script.engines()
    order = Responders([*responders, ModelResponder(engines.generation, config.llm)])
    rooms = Rooms(Shared(engines, order, bus.emit), config)
    with anyio.fail_after(20), closing(ears):
        async with anyio.create_task_group() as tasks:
            stage = Stage(script, ears, sink, tasks, engines, bus, rooms)
            with bus.subscribe(stage.take):
                async with rooms.open(LOCAL_ROOM, ears, sink, detectors=script.detectors()) as stage.room:
                    yield stage
            tasks.cancel_scope.cancel()
    assert not [thread for thread in threading.enumerate() if thread.name in ENGINE_THREADS]
