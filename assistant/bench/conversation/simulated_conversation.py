"""A conversation in a simulated room: real engines but for the language model, an echo, and a user to speak for."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import anyio

from assistant.answers.model import ModelResponder
from assistant.answers.order import Responders
from assistant.audio.echo.canceller import EchoCanceller
from assistant.audio.echo.source import EchoCancelledSource
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.conversation.monologue import Monologue
from assistant.bench.conversation.simulated_room import USER_DB, SimulatedRoom, at_speech_level
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.engines.model import ModelHandle
from assistant.engines.queue import EngineQueue
from assistant.events import Event, PlaybackStarted, TurnFinished
from assistant.rooms.registry import Rooms
from assistant.rooms.room import Room
from assistant.rooms.shared import Shared

ANSWER_TIMEOUT_S = 12.0
"""From the end of a question until its answer has to start."""

E = TypeVar("E", bound=Event)


class SimulatedConversation:
    """The events of a conversation, and what to say in it."""

    def __init__(self, room: SimulatedRoom) -> None:
        self.room = room
        self.events: list[Event] = []
        self.assistant: Room
        self.source: EchoCancelledSource
        self._playback_started_at = 0.0
        self._changed = anyio.Event()

    def take(self, event: Event) -> None:
        """Record `event`."""
        if isinstance(event, PlaybackStarted):
            self._playback_started_at = anyio.current_time()
        self.events.append(event)
        self._changed.set()
        self._changed = anyio.Event()

    def seen(self, kind: type[E], since: int = 0) -> list[E]:
        """Return the events of one kind, without the first `since` events of any kind."""
        return [event for event in self.events[since:] if isinstance(event, kind)]

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Check `condition` after every event until it holds; return whether it did in time."""
        with anyio.move_on_after(timeout_s):
            while not condition():
                await self._changed.wait()
        return condition()

    def say(self, clip: Samples) -> int:
        """Let the user say `clip`; return the position of its first sample."""
        return self.room.say(at_speech_level(clip, USER_DB))

    async def is_answered(self, question: Samples) -> bool:
        """Ask `question`, and return once its answer starts to play; False when it does not in time."""
        since = len(self.events)
        self.say(question)
        timeout_s = len(question) / LISTENING_RATE + ANSWER_TIMEOUT_S
        return await self.until(lambda: bool(self.seen(PlaybackStarted, since)), timeout_s)

    @property
    def answering(self) -> int | None:
        """Number of the turn whose answer is playing; None when none is."""
        started = self.seen(PlaybackStarted)
        finished = {turn.turn for turn in self.seen(TurnFinished)}
        return started[-1].turn if started and started[-1].turn not in finished else None

    @property
    def playing_s(self) -> float:
        """Seconds since the latest answer started to play."""
        return anyio.current_time() - self._playback_started_at

    def finished(self, turn: int) -> TurnFinished | None:
        """Return the end of turn number `turn`; None while it lasts."""
        return next((event for event in self.seen(TurnFinished) if event.turn == turn), None)


@asynccontextmanager
async def simulated_conversation(
    engines: Engines, config: Config, loss_db: float
) -> AsyncIterator[SimulatedConversation]:
    """Hold a conversation in a room whose microphone picks up the loudspeaker `loss_db` below its level.

    Answers are scripted and long; everything else is real. Raises `AssistantError` (`echo.library_missing`).
    """
    room = SimulatedRoom(loss_db)
    simulated = SimulatedConversation(room)
    canceller = EchoCanceller(noise_suppression=config.audio.noise_suppression)
    simulated.source = EchoCancelledSource(room.microphone, room.reference, canceller)
    scripted = replace(engines, generation=ModelHandle(Monologue(), EngineQueue("llm", engines.precedence)))
    responders = Responders([ModelResponder(scripted.generation, config.llm)])
    rooms = Rooms(Shared(scripted, responders, simulated.take), config)
    async with rooms.open("simulated", simulated.source, room.loudspeaker) as simulated.assistant:
        yield simulated
