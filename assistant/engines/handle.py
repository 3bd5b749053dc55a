"""An engine behind its handle: the only way in which anything asks it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Generic, TypeVar

from assistant import blocking
from assistant.blocking import Emit, StopFlag, StopWhen
from assistant.engines.priority import Precedence, Urgency
from assistant.engines.queue import EngineQueue

E = TypeVar("E")
T = TypeVar("T")


class Handle(Generic[E]):
    """Owns the queue of an engine that cannot run twice, its worker and its cancellation.

    `engine` may be asked what it is (its name, its language, its rate) at any time; to have it work goes through `call`
    and `stream`.
    """

    def __init__(self, engine: E, queue: EngineQueue) -> None:
        self.engine = engine
        self.queue = queue

    @classmethod
    def of(cls, engine: E, name: str, precedence: Precedence) -> "Handle[E]":
        """Make a handle with a queue of its own; `name` is that of the stage."""
        return cls(engine, EngineQueue(name, precedence))

    async def call(
        self,
        work: Callable[[E, StopFlag], T],
        *,
        name: str,
        urgency: Urgency = Urgency.SPOKEN,
        deadline: float | None = None,
        stop: StopFlag | None = None,
    ) -> T:
        """Have `work` done with the engine, in a thread called `name`, and return its result.

        `stop` ends it early, and so does cancelling. What is of `Urgency.BACKGROUND` is stopped when the engine is
        wanted for something more urgent, and then done again from its beginning. `deadline` as `EngineQueue.acquire`.
        """
        while True:
            preempted, result = await self._attempt(work, name, urgency, deadline, stop)
            if not preempted:
                return result

    async def _attempt(
        self,
        work: Callable[[E, StopFlag], T],
        name: str,
        urgency: Urgency,
        deadline: float | None,
        stop: StopFlag | None,
    ) -> tuple[bool, T]:
        """Do `work` once; return whether it was stopped for something more urgent, which voids the result, and that."""
        with await self.queue.acquire(urgency, deadline) as lease:
            overtaken = StopWhen(lambda: lease.is_overtaken)
            given_up = stop if stop is not None else StopWhen()

            def whole(cancelled: StopFlag) -> T:
                return work(self.engine, StopWhen(cancelled.is_set, given_up.is_set, overtaken.is_set))

            result = await blocking.call(whole, name=name)
        return overtaken.was_set and not given_up.is_set(), result

    async def stream(
        self,
        work: Callable[[E, Emit[T], StopFlag], None],
        *,
        name: str,
        urgency: Urgency = Urgency.SPOKEN,
        deadline: float | None = None,
    ) -> AsyncGenerator[T, None]:
        """Have `work` done as `call` does, and yield what it emits. Use it with `contextlib.aclosing`.

        It is not stopped for anything more urgent: let it be short. The engine is free for others as soon as it has
        done its part, whatever the consumer has taken by then.
        """
        with await self.queue.acquire(urgency, deadline) as lease:

            def with_engine(emit: Emit[T], stop: StopFlag) -> None:
                work(self.engine, emit, stop)

            async with aclosing(blocking.stream(with_engine, name=name, ended=lease.release)) as pieces:
                async for piece in pieces:
                    yield piece
