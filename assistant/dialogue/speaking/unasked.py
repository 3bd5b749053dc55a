"""What the assistant says although nobody spoke to it: when it may be said, and what becomes of it."""

from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

from assistant.answers.text import TextAnswers
from assistant.dialogue.parts import Parts
from assistant.dialogue.speaking.cue import Cue, Priority
from assistant.dialogue.speaking.floor import Floor
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.revision import Outcome, Revision
from assistant.dialogue.speaking.waiting import Waiting
from assistant.dialogue.turn.end import End
from assistant.dialogue.turn.typed import typed_turn
from assistant.errors import AssistantError
from assistant.events import Announced, Error, FinalTranscript, TurnFinished

Start = Callable[[Callable[[Cue], Coroutine[Any, Any, None]], Cue], object]


class Unasked:
    """Announcements and answers to typed questions."""

    def __init__(
        self,
        parts: Parts,
        floor: Floor,
        *,
        number: Callable[[], int],
        may_speak: Callable[[], bool],
        silent: Callable[[bool | None], None],
        start: Start,
    ) -> None:
        """`number` gives the next turn's. `may_speak`: nobody speaks, or is about to. `silent` is called when the floor
        is free again: with whether an answer ended with a question, or None for an announcement. `start` begins a task
        of the conversation."""
        self.configure(parts)
        self._floor = floor
        self._number = number
        self._may_speak = may_speak
        self._silent = silent
        self._start = start
        self._waiting = Waiting()

    def __len__(self) -> int:
        """How much waits to be said."""
        return len(self._waiting)

    def configure(self, parts: Parts) -> None:
        """Use `parts` from now on."""
        self._parts = parts
        self._text_answers = TextAnswers(parts.engines, parts.config.llm, parts.history)

    async def say(self, text: str, *, priority: Priority, interrupt: bool) -> Announced:
        """As `Conversation.say`."""
        cue = self._cue(text, priority=priority, cut_in=interrupt)
        await self._perform(cue, cut_in=interrupt)
        if cue.outcome.error is not None:
            raise cue.outcome.error
        return cue.announced()

    async def ask(self, question: str, *, aloud: bool, written: Callable[[str], None]) -> TurnFinished:
        """As `Conversation.ask`."""
        cue = self._cue(question, is_question=True, written=written)
        self._parts.emit(FinalTranscript(turn=cue.number, text=question, language=self._parts.voice_language))
        cue.end = End.INTERRUPTED  # unless it comes to its end
        try:
            if aloud:
                cue.end = End.ANSWERED
                await self._perform(cue)
                self._remember(question, cue.outcome)
            else:
                await self._write(question, cue.outcome, written)
                cue.end = End.ANSWERED
        finally:
            done = self._tell(cue)
        if cue.outcome.error is not None:
            raise cue.outcome.error
        return done

    def forget(self) -> bool:
        """Say nothing of what waits; whether there was anything."""
        cues = self._waiting.clear()
        for cue in cues:
            cue.interrupt(End.INTERRUPTED)
            cue.over.set()
        return bool(cues)

    def say_next(self) -> None:
        """If nobody speaks, or is about to, say what waits."""
        if self._floor.is_taken or not self._may_speak():
            return
        cue = self._waiting.next()
        if cue is not None:
            self._floor.take(cue)
            self._start(self._run, cue)

    def _cue(
        self,
        text: str,
        *,
        is_question: bool = False,
        priority: Priority = Priority.NORMAL,
        cut_in: bool = False,
        written: Callable[[str], None] = lambda text: None,
    ) -> Cue:
        number = self._number()
        revision = Revision(number, self._parts, Gate(self._parts.emit), written=written, cut_in=cut_in)
        return Cue(revision, text, number=number, is_question=is_question, priority=priority)

    async def _write(self, question: str, outcome: Outcome, written: Callable[[str], None]) -> None:
        try:
            async with aclosing(self._text_answers.write(question, outcome)) as pieces:
                async for piece in pieces:
                    written(piece)
        except AssistantError as error:
            outcome.error = error

    async def _perform(self, cue: Cue, *, cut_in: bool = False) -> None:
        """Have `cue` said, and return when it is over."""
        if cut_in:
            self._floor.cut_in(cue)
            self._start(self._run, cue)
        else:
            self._waiting.add(cue)
            self.say_next()
        try:
            await cue.over.wait()
        finally:
            if not cue.over.is_set():
                cue.interrupt(End.INTERRUPTED)
                self._waiting.remove(cue)

    async def _run(self, cue: Cue) -> None:
        with self._parts.engines.right_of_way.claimed():
            await cue.run()
        self._floor.leave(cue)
        if not cue.is_question:
            self._parts.emit(cue.announced())
        if not self._floor.is_taken:
            self._silent(cue.asks if cue.is_question else None)

    def _remember(self, question: str, outcome: Outcome) -> None:
        if outcome.heard and outcome.error is None:
            self._parts.history.add(question, outcome.heard)

    def _tell(self, cue: Cue) -> TurnFinished:
        """A typed question has been answered, or given up."""
        emit, error = self._parts.emit, cue.outcome.error
        if error is not None:
            emit(Error(turn=cue.number, code=error.code, message=error.message))
        done = typed_turn(cue, self._parts.voice_language, self._parts.engines.voice.sample_rate)
        emit(done)
        return done
