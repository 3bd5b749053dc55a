"""The assistant's half of a turn: attempts at an answer, of which at most one is heard."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

import anyio
from anyio.abc import TaskGroup

from assistant.answers.acts import Acts
from assistant.answers.base import Question
from assistant.dialogue.context import Context
from assistant.dialogue.speaking.gate import Gate
from assistant.dialogue.speaking.outcome import Outcome
from assistant.dialogue.speaking.revision import Revision
from assistant.dialogue.turn.ending import TurnEnd
from assistant.dialogue.turn.processor_time import ProcessorTime
from assistant.errors import AssistantError
from assistant.events import Error
from assistant.flow import Signal
from assistant.language.tables import tables_of

log = logging.getLogger(__name__)

ONSET_S = 0.2
"""Seconds that speech takes to be noticed: what cannot be undone waits so much longer than a question can be reopened.
An onset is certain after 96 ms (`turns.onset_ms`), and the answer is held 64 ms after that."""


class Attempts:
    """Carries out what the plan of turn `number` says about answering. Its tasks are started in `tasks`."""

    def __init__(self, number: int, context: Context, admission: Gate, tasks: TaskGroup) -> None:
        """`admission` opens when it is certain that the turn is for the assistant."""
        self._number = number
        self._context = context
        self._admission = admission
        self._tasks = tasks
        self._revision: Revision | None = None
        self._answering = anyio.CancelScope()
        self._reading: anyio.CancelScope | None = None
        self._held_back = False
        self._is_calm = True
        self._calmed = Signal()
        self._released_at: float | None = None
        self._processor_time = ProcessorTime()

    @property
    def playing_since(self) -> float | None:
        """Monotonic time since which the answer can be heard; None before that."""
        return self._revision.playing_since if self._revision is not None else None

    @property
    def spoken(self) -> str:
        """What of the answer has been synthesised so far."""
        return self._revision.spoken if self._revision is not None else ""

    @property
    def outcome(self) -> Outcome:
        """What became of the answer so far."""
        return self._revision.outcome if self._revision is not None else Outcome()

    @property
    def processor_time(self) -> ProcessorTime:
        """Processor time of the turn."""
        return self._processor_time

    @property
    def can_reopen(self) -> bool:
        """Nothing was done yet that cannot be undone."""
        return self._revision is None or not self._revision.acts.is_final

    def read(self, question: Question) -> None:
        """Have the responders prepare for `question`; what they read already comes first."""
        if self._reading is None:
            self._reading = self._start(partial(self._read, question))

    def answer(self, question: Question) -> None:
        """Begin an answer to `question`, in place of any other."""
        self.withdraw()
        self.stop_reading()
        self._processor_time.revision_begins()
        self._answering = self._start(partial(self._begin(question.deadline).run, question))

    def say(self, phrase: str) -> None:
        """Speak `phrase` in place of an answer."""
        self._answering = self._start(partial(self._begin(None).say, phrase))

    def withdraw(self) -> None:
        """Cancel the attempt: it answers what the user did not say, or not only."""
        if self._revision is None:
            return
        self._answering.cancel()
        self._revision.acts.give_up(reopened=True)
        self._revision = None
        self._processor_time.revision_is_void()

    def release(self) -> None:
        """Open the gate and run the effects: the turn is committed."""
        self.stop_reading()
        if self._revision is None:
            return
        self._released_at = anyio.current_time()
        self._revision.acts.commit()
        self._tasks.start_soon(self._revision.acts.run)
        self._revision.gate.open()

    def interrupt(self, end: TurnEnd) -> None:
        """Give the answer up at once; its effects, as far as they can be undone, are done all the same unless the turn
        is reopened."""
        self.stop_reading()
        if self._revision is not None:
            self._revision.acts.give_up(reopened=end is TurnEnd.REOPENED)
        self._answering.cancel()

    def stop_reading(self) -> None:
        """Cancel reading ahead."""
        if self._reading is not None:
            self._reading.cancel()

    def lower(self, gain: float) -> None:
        """As `Playout.lower`."""
        self._is_calm = False
        if self._revision is not None:
            self._revision.lower(gain)

    def hold(self) -> None:
        """As `Playout.hold`, also for an answer that is begun later."""
        self._held_back, self._is_calm = True, False
        if self._revision is not None:
            self._revision.hold()

    def restore(self) -> None:
        """As `Playout.restore`."""
        self._held_back, self._is_calm = False, True
        self._calmed.notify()
        if self._revision is not None:
            self._revision.restore()

    def _begin(self, deadline: float | None) -> Revision:
        acts = Acts(
            fallback=tables_of(self._context.voice_language).phrases.done_failed,
            final=self._cannot_be_reopened,
            calm=self._nobody_goes_on,
            failing=self._report,
        )
        gate = Gate(self._admission.emit)
        self._revision = Revision(self._number, self._context, gate, acts, deadline=deadline)
        if self._held_back:
            self._revision.hold()
        return self._revision

    async def _read(self, question: Question) -> None:
        try:
            await self._context.responders.read(question)
        finally:
            self._reading = None

    async def _cannot_be_reopened(self) -> None:
        """Return when the user can hardly go on with the question any more: as `Interruption.reopens` decides it."""
        window_s = self._context.config.turns.reopen_ms / 1000 + ONSET_S
        while True:
            since = self.playing_since or self._released_at or anyio.current_time()
            if not self._is_calm:
                await self._calm()
            elif anyio.current_time() < since + window_s:
                await anyio.sleep_until(since + window_s)
            else:
                return

    async def _nobody_goes_on(self) -> None:
        """Return when nobody speaks who may be going on with the question; of an answer without a sound, which nobody
        knows to have been given, when nobody can any more."""
        if self.playing_since is None:
            await self._cannot_be_reopened()
        else:
            await self._calm()

    async def _calm(self) -> None:
        """Return when the user does not speak over the answer, or before it, as far as is known."""
        while not self._is_calm:
            await self._calmed.wait()

    def _report(self, error: AssistantError) -> None:
        log.warning("an effect of turn %d: %s", self._number, error)
        self._admission.emit(Error(turn=self._number, code=error.code, message=error.message))

    def _start(self, work: Callable[[], Awaitable[None]]) -> anyio.CancelScope:
        """Start `work` in a scope of its own."""
        scope = anyio.CancelScope()

        async def within() -> None:
            with scope:
                await work()

        self._tasks.start_soon(within)
        return scope
