"""Rooms beside that of the stage, each with its own microphone and loudspeaker, on the same engines."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field

from assistant.blocking import Emit, StopFlag
from assistant.events import Event
from assistant.llm.base import Message, Usage
from assistant.rooms.room import Room, unchanged
from assistant.rooms.shared import Adapt
from assistant.testing.scripted import ScriptedEars, ScriptedLoudspeaker, ScriptedModel
from assistant.testing.stage import Stage


@dataclass
class Place:
    """A room, and how one speaks and listens in it."""

    room: Room
    ears: ScriptedEars
    loudspeaker: ScriptedLoudspeaker

    async def ask(self) -> None:
        """A sentence and the silence that ends it."""
        await self.ears.hear(0.9, 960)
        await self.ears.hear(0.0, 640)


@asynccontextmanager
async def another_room(
    stage: Stage, name: str = "kitchen", *, adapt: Adapt = unchanged, loudspeaker: ScriptedLoudspeaker | None = None
) -> AsyncIterator[Place]:
    """Open for as long as the context lasts; its detectors are what the engines load."""
    sink = loudspeaker or ScriptedLoudspeaker()
    with closing(ScriptedEars()) as ears:
        async with stage.rooms.open(name, ears, sink, adapt=adapt) as room:
            yield Place(room, ears, sink)


def told_in(stage: Stage, room: str, kind: type[Event] = Event) -> list[Event]:
    """What has happened in `room`."""
    return [event for event in stage.events if event.room == room and isinstance(event, kind)]


@dataclass
class RepeatingModel(ScriptedModel):
    """Answers a question with it, in two sentences."""

    asked: list[str] = field(default_factory=list)
    """The questions in the order in which it began to answer them."""

    def generate(self, messages: Sequence[Message], *, max_tokens: int, emit: Emit[str], stop: StopFlag) -> Usage:
        question = next(message.content for message in reversed(messages) if message.role == "user")
        if question not in self.asked:
            self.asked.append(question)
        self.pieces = (f"You have asked about {question}. ", f"That was all about {question}.")
        return super().generate(messages, max_tokens=max_tokens, emit=emit, stop=stop)
