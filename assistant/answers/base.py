"""What can answer a question, and what an answer consists of: text, and effects on the world.

Asking is pure: a question may be asked several times before the user has finished, with other words each time, and most
of those answers are thrown away unheard. What an answer changes stands in its effects, which are run once, after the
commit.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Protocol

from assistant.answers.history import History
from assistant.engines.priority import Urgency
from assistant.events import Provenance
from assistant.llm.base import Usage


@dataclass(frozen=True, slots=True)
class Question:
    """What the user wants to know, or to have done."""

    text: str
    room: str
    """Where it was asked: the name of a room."""
    history: History
    """What was said there before. A responder reads it; only an effect changes it."""
    language: str = ""
    """ISO 639-1 code of the words; empty where it is not known, as for what was typed."""
    reply_language: str = "en"
    """ISO 639-1 code of what the answer is to be written in: the language of the voice."""
    asker: str = ""
    """Who asks, as far as it is known: the user of a socket; empty for a voice in the room."""
    urgency: Urgency = Urgency.SPOKEN
    deadline: float | None = None
    """Moment, on the event loop's clock, since which the answer is waited for; None while it is prepared ahead."""

    @property
    def known_language(self) -> str:
        """That of the words, else that of the answer."""
        return self.language or self.reply_language


class Effect(Protocol):
    """A change in the world, or in what the assistant keeps.

    Run at most once, and only after the commit. Both methods may take time; they are not cancelled, but given up as
    failed after `acts.MAX_EFFECT_S`.
    """

    @property
    def can_undo(self) -> bool:
        """Whether `undo` takes it back. What cannot be taken back is run only when the user can hardly go on with the
        question any more."""

    async def run(self) -> None:
        """Do it. Raises `AssistantError` when that fails, and then nothing has changed."""

    async def undo(self) -> None:
        """Take it back. Raises `AssistantError` when that fails."""


@dataclass(frozen=True, slots=True)
class Act:
    """An effect, and the sentences that depend on it.

    A responder yields it before the text that follows it: an effect that has not been yielded when the answer is given
    up is never run.
    """

    effect: Effect
    done: str = ""
    """Claims that it was done; heard only after it was. Empty for an effect that is not worth a word."""
    failed: str = ""
    """Said in its place when the effect fails; empty for a sentence that fits everything."""


Part = str | Act
"""A piece of text, or an act."""


@dataclass
class Cost:
    """What an answer has cost so far."""

    usage: Usage | None = None
    work_s: float = 0.0
    """Seconds that a language model was at work for it."""


@dataclass(frozen=True)
class Answer:
    """An answer that can be had; nothing of it has been written yet."""

    provenance: Provenance
    parts: Callable[[], AsyncGenerator[Part, None]]
    """Writes it, piece by piece; to be called once, and used with `contextlib.aclosing`. Raises `AssistantError`."""
    expects_reply: bool | None = None
    """Whether it asks the user something; None: if what was heard of it ends with a question mark."""
    ahead: bool = True
    """Whether it may be written while the voice is at work; False where both want the same processor."""
    cost: Cost = field(default_factory=Cost)


class Responder(ABC):
    """Something that can answer questions. Responders are asked in order; the first that has an answer gives it."""

    name: str
    """As `answers.order` of the configuration calls it."""

    @abstractmethod
    async def answer(self, question: Question) -> Answer | None:
        """Return the answer to `question`; None leaves it to the next responder.

        Pure, soon, and cancelled when the user goes on.
        """

    async def read(self, question: Question) -> None:
        """Prepare for a question that probably begins like this. Pure; may be cancelled at any time."""
        return
