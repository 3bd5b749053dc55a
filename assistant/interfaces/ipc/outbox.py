"""What waits to be written to one client: bounded, whatever the client does."""

from collections import deque
from dataclasses import dataclass, field

from msgspec import Struct

from assistant.flow import Signal
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.rpc import Id

MAX_EVENTS = 256
"""Events that wait for a client; of more the oldest are dropped. Three turns make so many."""

MAX_ANSWERS = 32
"""Answers that wait for a client; nothing more is read from it until it has taken some."""

MIN_WRITE_BYTES = 65_536
"""Bytes that are handed to the kernel together, if there are so many; a line is never divided."""


class AskDelta(Struct, frozen=True):
    """The next piece of the answer to a request."""

    request: str | int | float | None
    text: str


class Lagged(Struct, frozen=True):
    """The client reads too slowly; the oldest events that waited for it were dropped."""

    dropped: int


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
        self._is_closed = False
        self._is_written = False
        self._changed = Signal()

    def answer(self, line: bytes) -> None:
        """Add what the client waits for; never dropped."""
        self._add(_Line(line))

    def event(self, line: bytes) -> bool:
        """Add an event, in place of the oldest one if there are too many. Whether one was dropped."""
        full = self._events >= MAX_EVENTS
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
        while len(self._waiting) - self._events > MAX_ANSWERS:
            await self._changed.wait()

    def note_written(self) -> None:
        """Note that the kernel has what was taken."""
        if not self._waiting:
            self._is_written = True
            self._changed.notify()

    async def written(self) -> None:
        """Return once something was added and all of it has been taken and written."""
        while not self._is_written:
            await self._changed.wait()

    def close(self) -> None:
        """Have `take` return nothing once the rest has been taken; nothing more is added."""
        self._is_closed = True
        self._changed.notify()

    async def take(self) -> bytes:
        """The next lines to write; waits for one. Empty when it is closed and there are no more."""
        while not self._waiting and not self._is_closed:
            await self._changed.wait()
        lines: list[bytes] = []
        size = 0
        while self._waiting and size < MIN_WRITE_BYTES:
            lines.append(self._next())
            size += len(lines[-1])
        self._changed.notify()
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
        self._is_written = False
        self._changed.notify()

    def _drop_oldest(self) -> None:
        oldest = next(item for item in self._waiting if isinstance(item, _Line) and item.is_event)
        self._waiting.remove(oldest)
        self._events -= 1
        self._dropped += 1
