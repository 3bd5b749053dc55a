"""What is done for one client: one thing of each kind at a time, so that answers come in order."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from assistant.errors import AssistantError


@dataclass(frozen=True)
class _Job:
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class Jobs:
    """Runs in `tasks`; `report` sends the client what went wrong, `count` gets what has ended, by kind and result."""

    def __init__(
        self,
        tasks: TaskGroup,
        report: Callable[[AssistantError], Awaitable[None]],
        count: Callable[[str, str, float], None],
    ) -> None:
        self.tasks = tasks
        self._report = report
        self._count = count
        """Also told how many seconds it took."""
        self._jobs: dict[str, _Job] = {}

    @property
    def at_work(self) -> bool:
        """Whether anything is being done."""
        return any(not job.ended.is_set() for job in self._jobs.values())

    async def clear(self, kind: str, *, unfinished: bool) -> None:
        """Let what of this kind is at work come to its end, or give it up if the client never finished asking.

        Until then nothing more is read, so one client has one engine call of a kind at work.
        """
        if (before := self._jobs.pop(kind, None)) is None:
            return
        if unfinished:
            before.scope.cancel()
        await before.ended.wait()

    def start(self, kind: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`; the way is clear."""
        job = self._jobs[kind] = _Job()

        async def guarded() -> None:
            began = anyio.current_time()
            result = "cancelled"
            try:
                with job.scope:
                    try:
                        await work()
                        result = "ok"
                    except AssistantError as error:
                        result = error.code
                        await self._report(error)
            finally:
                self._count(kind, result, anyio.current_time() - began)
                job.ended.set()

        self.tasks.start_soon(guarded)
