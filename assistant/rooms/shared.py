"""What all rooms of a daemon share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from assistant.answers.history import History
from assistant.answers.order import Responders
from assistant.answers.skills.house import House
from assistant.audio.base import AudioSink
from assistant.config.schema import Config
from assistant.dialogue.context import Context
from assistant.engines.engines import Engines
from assistant.events import Emitter
from assistant.store.store import Store


@dataclass
class Shared:
    """Engines, responders, where events go, and what outlives the process; without `store` nothing does."""

    engines: Engines
    responders: Responders
    emit: Emitter
    store: Store | None = None
    house: House = field(default_factory=House)
    """What the skills act on."""
    turns: int = 0
    """The number of the latest turn, through all rooms; 0 before the first."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def next_turn(self) -> int:
        """Number another turn."""
        self.turns = next(self._numbers)
        return self.turns

    def context(self, room: str, config: Config, history: History, sink: AudioSink, emit: Emitter) -> Context:
        """Make what the turns of `room` share."""
        return Context(room, self.engines, self.responders, config, history, sink, emit, self.next_turn)


Adapt = Callable[[Config], Config]
"""Makes a room's own configuration of the whole one, for example without a wake word. Pure."""
