"""A conversation in a simulated room, for measuring who speaks when."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import anyio

from assistant.answers.history import History
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.source import EchoCancelledSource
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.conversation.monologue import Monologue
from assistant.bench.conversation.room import Room, speaking
from assistant.config.schema import Config
from assistant.dialogue.conversation import Conversation
from assistant.engines.engines import Engines
from assistant.events import Event, PlaybackStarted, TurnFinished

USER_DB = -26.0
"""Level of the user's speech in the microphone, in dB of full scale: that of a near talker (ITU-T P.56 signals are
prepared to it). The voices' speech is at about -20 dB."""

PATIENCE_S = 12.0
"""How long an answer is waited for."""

E = TypeVar("E", bound=Event)


class Talk:
    """A conversation under way."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.events: list[Event] = []
        self.conversation: Conversation
        self.source: EchoCancelledSource
        self._began_at = 0.0
        self._changed = anyio.Event()

    def take(self, event: Event) -> None:
        if isinstance(event, PlaybackStarted):
            self._began_at = anyio.current_time()
        self.events.append(event)
        self._changed.set()
        self._changed = anyio.Event()

    def seen(self, kind: type[E], since: int = 0) -> list[E]:
        """The events of one kind, those after the first `since` of all."""
        return [event for event in self.events[since:] if isinstance(event, kind)]

    async def until(self, happened: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until `happened` is true after an event; False when it is not in time."""
        with anyio.move_on_after(timeout_s):
            while not happened():
                await self._changed.wait()
        return happened()

    def say(self, clip: Samples) -> int:
        """The user says `clip`; returns the position of its first sample."""
        return self.room.say(speaking(clip, USER_DB))

    async def is_answered(self, question: Samples) -> bool:
        """Ask, and wait until the answer begins."""
        since = len(self.events)
        self.say(question)
        return await self.until(lambda: bool(self.seen(PlaybackStarted, since)), _seconds(question) + PATIENCE_S)

    @property
    def answering(self) -> int | None:
        """The turn whose answer is being spoken."""
        started = self.seen(PlaybackStarted)
        over = {turn.turn for turn in self.seen(TurnFinished)}
        return started[-1].turn if started and started[-1].turn not in over else None

    @property
    def spoken_s(self) -> float:
        """Since when the latest answer is being spoken."""
        return anyio.current_time() - self._began_at

    def finished(self, turn: int) -> TurnFinished | None:
        return next((event for event in self.seen(TurnFinished) if event.turn == turn), None)


@asynccontextmanager
async def talk(engines: Engines, config: Config, loss_db: float) -> AsyncIterator[Talk]:
    """Converse in a room of which the microphone hears the loudspeaker `loss_db` quieter.

    Answers are long ones from a script; everything else is real. Raises `AssistantError` (`echo.library_missing`).
    """
    room = Room(loss_db)
    here = Talk(room)
    canceller = EchoCanceller(noise_suppression=config.audio.noise_suppression)
    here.source = EchoCancelledSource(room.microphone, room.reference, canceller)
    speaker = replace(engines, model=Monologue())
    here.conversation = Conversation(speaker, config, History(config.llm), here.source, room.loudspeaker, here.take)
    async with anyio.create_task_group() as tasks:
        await tasks.start(here.conversation.run)
        yield here
        tasks.cancel_scope.cancel()


def _seconds(samples: Samples) -> float:
    return len(samples) / LISTENING_RATE
