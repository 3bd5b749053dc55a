"""Talking to the daemon from Python.

    from assistant.client import Client

    with Client() as assistant:
        print(assistant.call("status")["state"])
        for piece in assistant.ask("What is the capital of France?"):
            print(piece, end="")

`AsyncClient` is the same for programs on anyio (asyncio, trio), with several requests under way at a time.
`assistant ipc schema` describes the methods; errors are `AssistantError` with the code that the daemon gave.
"""

import socket
from collections import deque
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import anyio
import msgspec
from anyio.abc import AnyByteReceiveStream
from anyio.streams.buffered import BufferedByteReceiveStream

from assistant.errors import AssistantError, Code
from assistant.flow import Flow
from assistant.interfaces.ipc.rpc import Id, request
from assistant.interfaces.net import place
from assistant.interfaces.net.stream import Connected
from assistant.interfaces.net.stream import connect as connect_stream

CONNECT_S = 10.0
"""A daemon that is loading its models answers when it has; it accepts at once."""

AHEAD = 1024
"""Events that wait for a program that does not read them; of more the oldest are dropped."""

MOST_BYTES = 16 * 2**20
"""Bytes of one line of the daemon."""


class _Answer(msgspec.Struct):
    """Any line of the daemon."""

    id: Id = None
    method: str | None = None
    params: Any = None
    result: Any = None
    error: dict[str, Any] | None = None


def _failed(error: dict[str, Any]) -> AssistantError:
    stable = error.get("data", {}).get("code", Code.IPC_INTERNAL)
    known = stable if stable in set(Code) else Code.IPC_INTERNAL
    return AssistantError(Code(known), str(error.get("message", "the daemon refused")))


def _unreachable(path: Path, reason: str) -> AssistantError:
    return AssistantError(
        Code.IPC_UNAVAILABLE,
        f"no assistant is running at {path} ({reason}); start it with `assistant run`, or name its socket with "
        "--socket or $ASSISTANT_SOCKET",
    )


def _gone() -> AssistantError:
    return AssistantError(Code.IPC_UNAVAILABLE, "the assistant closed the connection; is it still running?")


class _Events:
    """Events that have come and were not read yet; of too many the last are kept."""

    def __init__(self) -> None:
        self._waiting: deque[dict[str, Any]] = deque()
        self._dropped = 0

    def add(self, answer: _Answer) -> bool:
        """Keep `answer` if it tells of an event; whether it does."""
        if answer.method == "lagged":
            self._dropped += answer.params["dropped"]
        elif answer.method == "event":
            self._waiting.append(answer.params)
            if len(self._waiting) > AHEAD:
                self._waiting.popleft()
                self._dropped += 1
        return answer.method in {"event", "lagged"}

    def take(self) -> Iterator[dict[str, Any]]:
        """What there is, the oldest first."""
        while self._waiting or self._dropped:
            if dropped := self._dropped:
                self._dropped = 0
                yield {"event": "lagged", "dropped": dropped}
            else:
                yield self._waiting.popleft()


class Client:
    """A connection for one thread. Raises `AssistantError` (`ipc.unavailable`) when there is no daemon.

    `path` None finds the socket as `place.find` does.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or place.find()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(CONNECT_S)
        try:
            self._socket.connect(str(self._path))
        except OSError as error:
            self._socket.close()
            raise _unreachable(self._path, error.strerror or str(error)) from error
        self._socket.settimeout(None)
        self._lines = self._socket.makefile("rb")
        self._requests = 0
        self._events = _Events()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up: what is under way is given up."""
        self._lines.close()
        self._socket.close()

    def call(self, method: str, **params: Any) -> Any:
        """Carry out `method` and return its result. Raises `AssistantError` as the daemon says."""
        exchange = self._exchange(method, params)
        while True:
            try:
                next(exchange)
            except StopIteration as end:
                return end.value

    def ask(self, text: str, *, speak: bool = False) -> Iterator[str]:
        """The answer to a question, piece by piece, while it is being written."""
        for name, params in self._exchange("ask", {"text": text, "speak": speak, "stream": True}):
            if name == "ask.delta":
                yield params["text"]

    def events(self, *names: str) -> Iterator[dict[str, Any]]:
        """What happens from now on, without end; `names` empty for all events but `level`.

        An event is a dictionary whose `event` is its name; `lagged` is one too, with how many were `dropped`.
        """
        self.call("subscribe", events=list(names) or None)
        return self._happening()

    def _happening(self) -> Iterator[dict[str, Any]]:
        while True:
            yield from self._events.take()
            self._events.add(self._read())

    def _exchange(self, method: str, params: dict[str, Any]) -> Generator[tuple[str, Any], None, Any]:
        """Notifications until `method` is done; returns its result."""
        self._requests += 1
        with suppress(OSError):  # why it hung up stands in what it has sent
            self._socket.sendall(request(self._requests, method, params))
        while True:
            answer = self._read()
            if self._events.add(answer):
                continue
            if answer.method is not None:
                yield answer.method, answer.params
            elif answer.error is not None and answer.id in {self._requests, None}:
                raise _failed(answer.error)
            elif answer.id == self._requests:
                return answer.result

    def _read(self) -> _Answer:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise _gone() from error
        if not line:
            raise _gone()
        return msgspec.json.decode(line, type=_Answer)


class AsyncClient:
    """A connection whose requests may overlap; made by `connect`."""

    def __init__(self, stream: Connected) -> None:
        self._stream = stream
        self._sending = anyio.Lock()
        self._requests = 0
        self._under_way: dict[Id, Flow[_Answer]] = {}
        self._events = _Events()
        self._arrived = anyio.Event()
        self._over: AssistantError | None = None

    async def call(self, method: str, **params: Any) -> Any:
        """Carry out `method` and return its result; cancelling gives the request up.

        Raises `AssistantError` as the daemon says.
        """
        async with aclosing(self._answers(method, params)) as answers:
            async for answer in answers:
                if answer.method is None:
                    return answer.result
        raise self._over or _gone()

    async def ask(self, text: str, *, speak: bool = False) -> AsyncGenerator[str, None]:
        """The answer to a question, piece by piece, while it is being written. Use it with `aclosing`."""
        async with aclosing(self._answers("ask", {"text": text, "speak": speak, "stream": True})) as answers:
            async for answer in answers:
                if answer.method == "ask.delta":
                    yield answer.params["text"]

    async def events(self, *names: str) -> AsyncGenerator[dict[str, Any], None]:
        """As `Client.events`; awaited, it returns what is to be used with `aclosing`. For one reader at a time."""
        await self.call("subscribe", events=list(names) or None)
        return self._happening()

    async def _happening(self) -> AsyncGenerator[dict[str, Any], None]:
        while True:
            for event in self._events.take():
                yield event
            if self._over is not None:
                raise self._over
            await self._arrived.wait()

    async def read(self) -> None:
        """Hand on what the daemon sends until it hangs up; `connect` runs it."""
        lines = BufferedByteReceiveStream(cast(AnyByteReceiveStream, self._stream))
        try:
            while True:
                line = await lines.receive_until(b"\n", MOST_BYTES)
                self._take(msgspec.json.decode(line, type=_Answer))
        except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError):
            self._over = self._over or _gone()
        finally:
            for waiting in self._under_way.values():
                waiting.end()
            self._arrived.set()

    def _take(self, answer: _Answer) -> None:
        if self._events.add(answer):
            self._arrived.set()
            self._arrived = anyio.Event()
        elif answer.method is not None:
            self._hand_on(answer.params.get("request"), answer)
        elif answer.id is None and answer.error is not None:
            self._over = _failed(answer.error)  # it concerns the connection
        else:
            self._hand_on(answer.id, answer)

    def _hand_on(self, request: Id, answer: _Answer) -> None:
        if (waiting := self._under_way.get(request)) is not None:
            waiting.put(answer)

    async def _answers(self, method: str, params: dict[str, Any]) -> AsyncGenerator[_Answer, None]:
        """What the daemon sends about a request; the last is its answer."""
        self._requests += 1
        number = self._requests
        answers = self._under_way[number] = Flow[_Answer]()  # whatever it sends comes to an end
        done = False
        try:
            await self._send(request(number, method, params))
            async with aclosing(answers.items()) as coming:
                async for answer in coming:
                    done = answer.method is None
                    if answer.error is not None:
                        raise _failed(answer.error)
                    yield answer
                    if done:
                        return
            raise self._over or _gone()
        finally:
            del self._under_way[number]
            if not done and self._over is None:
                with anyio.CancelScope(shield=True):
                    await self._send(request(0, "cancel", {"request": number}))

    async def _send(self, line: bytes) -> None:
        if self._over is not None:
            raise self._over
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # as `Client`
            async with self._sending:
                await self._stream.send(line)


@asynccontextmanager
async def connect(path: Path | None = None) -> AsyncGenerator[AsyncClient, None]:
    """A connection for as long as the context lasts. As `Client` otherwise."""
    path = path or place.find()
    try:
        with anyio.fail_after(CONNECT_S):
            stream = await connect_stream(path)
    except TimeoutError as error:
        raise _unreachable(path, "it does not answer") from error
    except OSError as error:
        raise _unreachable(path, error.strerror or str(error)) from error
    async with stream, anyio.create_task_group() as tasks:
        client = AsyncClient(stream)
        tasks.start_soon(client.read)
        yield client
        tasks.cancel_scope.cancel()
