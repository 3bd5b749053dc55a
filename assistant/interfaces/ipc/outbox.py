"""What waits to be written to one client: bounded, whatever the client does."""

from collections import deque
from dataclasses import dataclass, field

import anyio

from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.methods import AskDelta, Lagged
from assistant.interfaces.ipc.rpc import Id

MOST_EVENTS = 256
"""Events that wait for a client; of more the oldest are dropped. Three turns make so many."""

MOST_ANSWERS = 32
"""Answers that wait for a client; nothing more is read from it until it has taken some."""

AT_ONCE = 65_536
"""Bytes that are handed to the kernel together, at least; a line is never divided."""


@dataclass
class _Line:
    line: bytes
    is_event: bool = False
    about: Id = None
    """The request whose latest news this is."""


@dataclass
class _Delta:
    """A piece of an answer that grows as long as it waits."""

    request: Id
    texts: list[str] = field(default_factory=list)

    @property
    def line(self) -> bytes:
        return rpc.notification("ask.delta", AskDelta(self.request, "".join(self.texts)))


class Outbox:
    """Filled by requests and events, emptied by the one task that writes."""

    def __init__(self) -> None:
        self._waiting: deque[_Line | _Delta] = deque()
        self._deltas: dict[Id, _Delta] = {}
        self._latest: dict[Id, _Line] = {}
        self._events = 0
        self._dropped = 0
        self._closed = False
        self._arrived = anyio.Event()
        self._taken = anyio.Event()
        self._written = anyio.Event()

    def answer(self, line: bytes) -> None:
        """Add what the client waits for; never dropped."""
        self._add(_Line(line))

    def event(self, line: bytes) -> bool:
        """Add an event, in place of the oldest one if there are too many. Whether one was dropped."""
        full = self._events >= MOST_EVENTS
        if full:
            self._drop_oldest()
        self._events += 1
        self._add(_Line(line, is_event=True))
        return full

    def delta(self, request: Id, text: str) -> None:
        """Add a piece of the answer to `request`; pieces that wait become one."""
        if request not in self._deltas:
            self._deltas[request] = _Delta(request)
            self._add(self._deltas[request])
        self._deltas[request].texts.append(text)

    def latest(self, request: Id, line: bytes) -> None:
        """Add what takes the place of what was said before about `request`, if that still waits."""
        waiting = self._latest.get(request)
        if waiting is not None:
            waiting.line = line
        else:
            self._latest[request] = _Line(line, about=request)
            self._add(self._latest[request])

    async def room(self) -> None:
        """Return once the client has taken enough of its answers."""
        while len(self._waiting) - self._events > MOST_ANSWERS:
            await self._taken.wait()

    def note_written(self) -> None:
        """What was taken has reached the kernel."""
        if not self._waiting:
            self._written.set()

    async def written(self) -> None:
        """Return once everything has been taken and written."""
        await self._written.wait()

    def close(self) -> None:
        """Nothing more is added; `take` says so when the rest has been taken."""
        self._closed = True
        self._arrived.set()

    async def take(self) -> bytes:
        """The next lines to write; waits for one. Empty when it is closed and there are no more."""
        while not self._waiting and not self._closed:
            await self._arrived.wait()
        lines: list[bytes] = []
        while self._waiting and sum(map(len, lines)) < AT_ONCE:
            lines.append(self._next())
        self._taken.set()
        self._taken = anyio.Event()
        return b"".join(lines)

    def _next(self) -> bytes:
        first = self._waiting.popleft()
        if isinstance(first, _Delta):
            del self._deltas[first.request]
            return first.line
        if not first.is_event:
            self._latest.pop(first.about, None)
            return first.line
        self._events -= 1
        dropped, self._dropped = self._dropped, 0
        return rpc.notification("lagged", Lagged(dropped)) + first.line if dropped else first.line

    def _add(self, item: _Line | _Delta) -> None:
        self._waiting.append(item)
        self._written = anyio.Event()
        self._arrived.set()
        self._arrived = anyio.Event()

    def _drop_oldest(self) -> None:
        oldest = next(item for item in self._waiting if isinstance(item, _Line) and item.is_event)
        self._waiting.remove(oldest)
        self._events -= 1
        self._dropped += 1
