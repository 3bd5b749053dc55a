"""A skill: what answers a request that its sentences understand."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from assistant.answers.base import Act
from assistant.answers.skills.house import House
from assistant.answers.skills.speech import Speech
from assistant.store.exchanges import Exchange
from assistant.understanding.sentences import Match
from assistant.understanding.values import Value


@dataclass(frozen=True)
class Asks:
    """A question of a skill's: the next utterance, if it is what is missing, completes the request."""

    match: Match
    slot: str
    kinds: tuple[str, ...]
    """Of entities that fill it; `text` is anything."""


@dataclass(frozen=True)
class Topic:
    """What was talked about: "make it ten" is about it."""

    skill: str
    about: tuple[str, ...] = ()
    """What the skill calls it, the latest first: ids of timers, names of lists."""
    asks: Asks | None = None


NOTHING = Topic("")


@dataclass(frozen=True)
class Request:
    """What is asked of a skill."""

    match: Match
    heard: Speech
    """The language of the question."""
    speech: Speech
    """The language of the answer."""
    house: House
    room: str
    now: datetime
    topic: Topic = NOTHING
    before: tuple[Exchange, ...] = ()
    """What was said in the room, oldest first."""

    @property
    def intent(self) -> str:
        return self.match.intent

    def value(self, slot: str) -> Value | None:
        """As `Match.value`."""
        return self.match.value(slot)

    def text(self, slot: str) -> str:
        """What was written for a slot; empty if it is not filled."""
        filled = self.match.slots.get(slot)
        return filled.text if filled is not None else ""

    def name(self, slot: str) -> str:
        """What was written for a slot, without an article before it."""
        return self.heard.without_articles(self.text(slot).strip())

    def say(self, reply: str, **values: object) -> str:
        """The sentence of this skill in the language of the answer."""
        return self.speech.say(self.match.skill, reply, **values)

    def names(self, skill: str, *about: str) -> Topic:
        """What is talked about from now on: `about`, and what was before."""
        before = self.topic.about if self.topic.skill == skill else ()
        return Topic(skill, (*about, *(each for each in before if each not in about))[:8])


@dataclass(frozen=True)
class Reply:
    """What a skill answers: text, or acts with their sentences, in this order."""

    text: str = ""
    acts: tuple[Act, ...] = ()
    topic: Topic | None = None
    """What is talked about after it; None: what was."""

    @property
    def asks(self) -> bool:
        return self.topic is not None and self.topic.asks is not None


class Skill(ABC):
    """Answers requests. Its words are in `data/LANGUAGE/NAME.yaml`."""

    name: str

    @abstractmethod
    def answer(self, request: Request) -> Reply | None:
        """The answer; None where it has none after all. Pure: what it changes is in the acts."""

    def warm(self, language: str) -> None:
        """Load what takes long, before it is asked for. Called in another thread than the event loop's."""
        return

    def known(self, house: House, room: str) -> Mapping[str, Mapping[str, str]]:
        """Values that fill slots and are known only now, by slot and words."""
        return {}


@dataclass
class Change:
    """An effect made of two functions; without `back` it cannot be undone."""

    do: Callable[[], Awaitable[None]]
    back: Callable[[], Awaitable[None]] | None = field(default=None)

    @property
    def can_undo(self) -> bool:
        return self.back is not None

    async def run(self) -> None:
        """Do it."""
        await self.do()

    async def undo(self) -> None:
        """Take it back."""
        if self.back is not None:
            await self.back()


def asking(request: Request, reply: str, slot: str, *kinds: str) -> Reply:
    """Ask for what is missing of `request`."""
    asks = Asks(request.match, slot, kinds)
    return Reply(request.say(reply), topic=Topic(request.match.skill, request.topic.about, asks))
