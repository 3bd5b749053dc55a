"""A responder and effects whose every moment can be held and examined, as those of `scripted` for engines."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio

from assistant.answers.base import Answer, Part, Question, Responder
from assistant.events import Provenance


@dataclass
class Halt:
    """A point in asynchronous code where it can be made to wait. Cancelling ends the wait."""

    holding: bool = False
    reached: anyio.Event = field(default_factory=anyio.Event)
    released: anyio.Event = field(default_factory=anyio.Event)

    async def pass_by(self) -> None:
        if self.holding:
            self.reached.set()
            await self.released.wait()


@dataclass
class ScriptedResponder(Responder):
    """Answers any question with `parts`, or, where they are by question, those questions and no other."""

    parts: Sequence[Part] | Mapping[str, Sequence[Part]]
    name: str = "scripted"
    error: Exception | None = None
    """Raised instead of an answer."""
    broken: Exception | None = None
    """Raised by the answer, after its parts."""
    expects_reply: bool | None = None
    log: list[str] = field(default_factory=list)
    """Gets a line for each question; may be shared with effects, to see what came first."""
    hold: Halt = field(default_factory=Halt)
    """Before the last part."""
    questions: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> Answer | None:
        self.questions.append(question)
        self.log.append(f"asked {question.text}")
        if self.error is not None:
            raise self.error
        parts = self.parts.get(question.text) if isinstance(self.parts, Mapping) else self.parts
        if parts is None:
            return None
        found = parts

        async def write() -> AsyncGenerator[Part, None]:
            for number, part in enumerate(found, start=1):
                if number == len(found):
                    await self.hold.pass_by()
                yield part
            if self.broken is not None:
                raise self.broken

        return Answer(Provenance(kind="skill", name=self.name), write, expects_reply=self.expects_reply)


@dataclass(eq=False)
class ScriptedEffect:
    """Writes down when it is run and undone; fails with an error if it has one."""

    name: str = "timer"
    can_undo: bool = True
    error: Exception | None = None
    undo_error: Exception | None = None
    log: list[str] = field(default_factory=list)
    """Gets "run NAME", "ran NAME", "undo NAME" and "undid NAME"; may be shared."""
    hold: Halt = field(default_factory=Halt)
    """Between its beginning and its end."""
    undo_hold: Halt = field(default_factory=Halt)
    began: anyio.Event = field(default_factory=anyio.Event)
    began_at: float | None = None
    """Moment on the event loop's clock at which it was last run."""
    ended: anyio.Event = field(default_factory=anyio.Event)
    """It was run to its end, or failed."""

    async def run(self) -> None:
        self.log.append(f"run {self.name}")
        self.began_at = anyio.current_time()
        self.began.set()
        try:
            await self.hold.pass_by()
            if self.error is not None:
                raise self.error
            self.log.append(f"ran {self.name}")
        finally:
            self.ended.set()

    async def undo(self) -> None:
        self.log.append(f"undo {self.name}")
        await self.undo_hold.pass_by()
        if self.undo_error is not None:
            raise self.undo_error
        self.log.append(f"undid {self.name}")
