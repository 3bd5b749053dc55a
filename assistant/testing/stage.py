"""A running conversation with everything around it scripted."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

import anyio

from assistant.answers.history import History
from assistant.config.schema import Asr, Config, Turns
from assistant.dialogue.conversation import Conversation
from assistant.engines.engines import Engines
from assistant.events import Emitter, Event, Level, TurnFinished
from assistant.testing.scripted import Script, ScriptedEars, ScriptedLoudspeaker

SILENCE = Turns(mode="silence")
QUIET = Config(asr=Asr(partials=False), turns=SILENCE, wake="none")
ENGINE_THREADS = {"recognition", "reading", "generation", "synthesis", "judgement"}


@dataclass
class Stage:
    """A running conversation and everything around it."""

    script: Script
    ears: ScriptedEars
    loudspeaker: ScriptedLoudspeaker
    history: History
    tasks: anyio.abc.TaskGroup
    engines: Engines
    events: list[Event] = field(default_factory=list)
    emitters: list[Emitter] = field(default_factory=list)
    conversation: Conversation = field(init=False)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    def also(self, emit: Emitter) -> None:
        """Tell somebody else as well."""
        self.emitters.append(emit)

    def emit(self, event: Event) -> None:
        for emitter in self.emitters:
            emitter(event)
        if not isinstance(event, Level):  # ten a second, whatever happens
            self.events.append(event)
        self._changed.set()
        self._changed = anyio.Event()

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
        """A sentence and the silence that ends it."""
        await self.ears.hear(0.9, 960)
        await self.ears.hear(0.0, 640)


@asynccontextmanager
async def conversation(
    script: Script | None = None,
    config: Config = QUIET,
    loudspeaker: ScriptedLoudspeaker | None = None,
    *,
    echo_free: bool | None = None,
) -> AsyncIterator[Stage]:
    """`echo_free`: as `AudioSource.echo_free`."""
    script = script or Script()
    ears = ScriptedEars()
    ears.echo_free = echo_free
    with anyio.fail_after(20), closing(ears):
        async with anyio.create_task_group() as tasks:
            history = History(config.llm)
            engines = script.engines()
            stage = Stage(script, ears, loudspeaker or ScriptedLoudspeaker(), history, tasks, engines)
            stage.conversation = Conversation(engines, config, history, stage.ears, stage.loudspeaker, stage.emit)
            await tasks.start(stage.conversation.run)
            yield stage
            tasks.cancel_scope.cancel()
    assert not [thread for thread in threading.enumerate() if thread.name in ENGINE_THREADS]
