"""The client's side of the conversation with the daemon, without any input or output.

What is to be sent comes out as bytes, what was received goes in as bytes; replies wait for the request they are about,
events wait to be read. `Client` and `AsyncClient` move the bytes.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.rpc import Id

MAX_EVENTS = 1024
"""Events that wait for a program that does not read them; of more the oldest are dropped."""

MAX_LINE_BYTES = 16 * 2**20
"""Bytes of one line of the daemon."""

Event = dict[str, Any]
"""What has happened: `event` is its name; `lagged` says how many others were `dropped`."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A notification about a request that is still at work, such as `ask.delta`."""

    name: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a request; nothing more comes for it."""

    result: Any


class _ErrorData(msgspec.Struct):
    code: str = Code.IPC_INTERNAL


class _Error(msgspec.Struct):
    message: str = "the daemon refused"
    data: _ErrorData = msgspec.field(default_factory=_ErrorData)

    def exception(self) -> AssistantError:
        """The error that the daemon means; a code that this version does not know is `ipc.internal`."""
        known = self.data.code if self.data.code in set(Code) else Code.IPC_INTERNAL
        return AssistantError(Code(known), self.message)


class _Line(msgspec.Struct):
    """Any line of the daemon."""

    id: Id = None
    method: str | None = None
    params: dict[str, Any] = {}
    result: Any = None
    error: _Error | None = None


class Protocol:
    """One connection: the requests under way on it, the events that wait, and why it is over once it is."""

    def __init__(self) -> None:
        self.failure: AssistantError | None = None
        self._requests = 0
        self._under_way: dict[Id, deque[Progress | Answer | AssistantError]] = {}
        """Unread replies of each request. Without a bound: all that comes for a request ends with its answer."""
        self._events: deque[Event] = deque()
        self._dropped = 0
        self._unfinished = bytearray()
        self._searched = 0

    def begin(self, method: str, params: dict[str, Any]) -> tuple[int, bytes]:
        """Start a request: the number to ask `next_reply` for, and the bytes to send.

        Raises the error that ended the connection, if it is over.
        """
        if self.failure is not None:
            raise self.failure
        self._requests += 1
        self._under_way[self._requests] = deque()
        return self._requests, rpc.request(self._requests, method, params)

    def end(self, request: int) -> bytes:
        """Forget a request: the bytes that make the daemon give it up, if it is still at work on it."""
        replies = self._under_way.pop(request, None)
        if self.failure is not None or replies is None:
            return b""
        is_answered = any(not isinstance(reply, Progress) for reply in replies)
        return b"" if is_answered else rpc.request(0, "cancel", {"request": request})

    def next_reply(self, request: int) -> Progress | Answer | None:
        """The next reply about a request; None if one is still to come.

        Raises `AssistantError` when the daemon has refused it, or when the connection is over.
        """
        replies = self._under_way[request]
        if not replies:
            if self.failure is not None:
                raise self.failure
            return None
        reply = replies.popleft()
        if not isinstance(reply, Progress):
            del self._under_way[request]
        if isinstance(reply, AssistantError):
            raise reply
        return reply

    def next_event(self) -> Event | None:
        """The oldest event that waits; None if there is none. Raises the error that ended the connection."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return {"event": "lagged", "dropped": dropped}
        if self._events:
            return self._events.popleft()
        if self.failure is not None:
            raise self.failure
        return None

    def receive(self, data: bytes) -> None:
        """Take what the daemon has sent, cut anywhere; no bytes at all mean that it has hung up."""
        if not data:
            self._fail(gone())
        self._unfinished += data
        while self.failure is None and (end := self._unfinished.find(b"\n", self._searched)) >= 0:
            line = bytes(self._unfinished[:end])
            del self._unfinished[: end + 1]
            self._searched = 0
            self._take(line)
        self._searched = len(self._unfinished)
        if self._searched > MAX_LINE_BYTES:
            self._fail(AssistantError(Code.IPC_TOO_LONG, "the assistant sent a line without an end"))

    def _take(self, line: bytes) -> None:
        try:
            message = msgspec.json.decode(line, type=_Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            self._fail(AssistantError(Code.IPC_MALFORMED, f"what listens there is no assistant: {line[:80]!r}"))
            return
        match message:
            case _Line(method="event", params=params):
                self._take_event(params)
            case _Line(method="lagged", params=params):
                self._dropped += params.get("dropped", 0)
            case _Line(method=str(name), params=params):
                self._reply(params.get("request"), Progress(name, params))
            case _Line(id=None, error=_Error() as error):
                self._fail(error.exception())  # it concerns the connection
            case _Line(error=_Error() as error):
                self._reply(message.id, error.exception())
            case _:
                self._reply(message.id, Answer(message.result))

    def _reply(self, request: Id, reply: Progress | Answer | AssistantError) -> None:
        """Keep a reply, unless its request was given up."""
        if request in self._under_way:
            self._under_way[request].append(reply)

    def _take_event(self, event: Event) -> None:
        self._events.append(event)
        if len(self._events) > MAX_EVENTS:
            self._events.popleft()
            self._dropped += 1

    def _fail(self, reason: AssistantError) -> None:
        """End the connection; the first reason is the one that is raised."""
        self.failure = self.failure or reason


def ask_params(text: str, *, speak: bool, room: str) -> dict[str, Any]:
    """Parameters of `ask` for an answer that comes piece by piece; `room` empty for the machine's own."""
    return {"text": text, "speak": speak, "room": room, "stream": True}


def unreachable(path: Path, reason: str) -> AssistantError:
    """There is no daemon at `path`."""
    return AssistantError(
        Code.IPC_UNAVAILABLE,
        f"no assistant is running at {path} ({reason}); start it with `assistant run`, or name its socket with "
        "--socket or $ASSISTANT_SOCKET",
    )


def gone() -> AssistantError:
    """The daemon has hung up."""
    return AssistantError(Code.IPC_UNAVAILABLE, "the assistant closed the connection; is it still running?")
