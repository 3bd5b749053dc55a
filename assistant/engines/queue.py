"""The queue in front of an engine that cannot run twice: by urgency, then by deadline, then by arrival."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

import anyio

from assistant.engines.priority import Precedence, Urgency

SLICE_S = 0.25
"""Seconds after which work of `Urgency.BACKGROUND` that can go on later lets other such work have the engine: a dozen
tokens. Counted from its first result, and at least as long as that took: with one key/value cache for all, a request
that goes on after another reply reads the prompt again."""


@dataclass
class Figures:
    """What an engine has done since the program began, for the metrics."""

    requests: int = 0
    waited_s: float = 0.0
    """Seconds that requests have waited for it, together."""
    worked_s: float = 0.0
    """Seconds that it was lent to a request."""


class Lease:
    """The engine is lent to one request, until `release` or the end of the context."""

    def __init__(self, queue: "EngineQueue", urgency: Urgency, returned: Callable[[], None]) -> None:
        self.urgency = urgency
        self.since = time.monotonic()
        self._queue = queue
        self._produced_at: float | None = None
        self._returned: Callable[[], None] | None = returned

    @property
    def is_overtaken(self) -> bool:
        """Whether something more urgent wants the engine. May be read in any thread."""
        return self._queue.overtakes(self.urgency)

    @property
    def is_wanted(self) -> bool:
        """Whether work that can go on later should give the engine back: it is overtaken, or has had its slice. May be
        read in any thread."""
        return self.is_overtaken or self._has_had_its_slice

    def note_result(self) -> None:
        """Note that the work has produced something, so that stopping it does not lose all.

        May be called in any thread.
        """
        if self._produced_at is None:
            self._produced_at = time.monotonic()

    @property
    def _has_had_its_slice(self) -> bool:
        if self.urgency is Urgency.SPOKEN or not self._queue.waiting or self._produced_at is None:
            return False
        return time.monotonic() - self._produced_at > max(SLICE_S, self._produced_at - self.since)

    def release(self) -> None:
        """Give the engine back; once is enough."""
        returned, self._returned = self._returned, None
        if returned is not None:
            returned()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


@dataclass(eq=False)
class _Waiter:
    urgency: Urgency
    deadline: float
    order: int
    granted: anyio.Event = field(default_factory=anyio.Event)
    lease: Lease | None = None

    @property
    def rank(self) -> tuple[Urgency, float, int]:
        return self.urgency, self.deadline, self.order


class EngineQueue:
    """Lends the engine called `name` to one request at a time. Called on the event loop, but for `overtakes`.

    Bounded by its callers: a room has one recognition, one reply and one clause under way, and interfaces bound the
    requests of their clients.
    """

    def __init__(self, name: str, precedence: Precedence) -> None:
        self.name = name
        self.figures = Figures()
        self._precedence = precedence
        self._waiting: list[_Waiter] = []
        self._lent: Lease | None = None
        self._arrivals = count()
        precedence.watch(self._grant)

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return len(self._waiting)

    @property
    def is_lent(self) -> bool:
        return self._lent is not None

    def overtakes(self, urgency: Urgency) -> bool:
        """Whether something that is more urgent than `urgency` wants the engine, or wants it left alone. May be called
        in any thread."""
        if urgency is Urgency.SPOKEN:
            return False
        return self._precedence.is_claimed or any(waiter.urgency < urgency for waiter in tuple(self._waiting))

    async def acquire(self, urgency: Urgency, deadline: float | None = None) -> Lease:
        """Wait for the engine and return its lease, to be used as a context.

        `deadline` is the moment of the event loop's clock that the user has been waiting since or for: of the same
        urgency the earlier one goes first, and one before none.
        """
        waiter = _Waiter(urgency, math.inf if deadline is None else deadline, next(self._arrivals))
        self._waiting.append(waiter)
        began = time.monotonic()
        self._grant()
        try:
            await waiter.granted.wait()
        except BaseException:
            if waiter.lease is not None:
                waiter.lease.release()
            else:
                self._waiting.remove(waiter)
            raise
        self.figures.requests += 1
        self.figures.waited_s += time.monotonic() - began
        assert waiter.lease is not None
        return waiter.lease

    def _grant(self) -> None:
        """Lend the engine, if it is free, to the first request in rank."""
        if self._lent is not None:
            return
        claimed = self._precedence.is_claimed
        able = [waiter for waiter in self._waiting if waiter.urgency is Urgency.SPOKEN or not claimed]
        first = min(able, key=lambda waiter: waiter.rank, default=None)
        if first is None:
            return
        self._waiting.remove(first)
        self._lent = first.lease = Lease(self, first.urgency, self._take_back)
        first.granted.set()

    def _take_back(self) -> None:
        assert self._lent is not None
        self.figures.worked_s += time.monotonic() - self._lent.since
        self._lent = None
        self._grant()
