"""The client for programs on anyio (asyncio, trio)."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio

from assistant.client.plain import CONNECT_S
from assistant.client.protocol import Answer, Event, Progress, Protocol, ask_params, gone, unreachable
from assistant.errors import single_error
from assistant.flow import Signal
from assistant.interfaces.net import stream as net
from assistant.interfaces.net import unix_socket
from assistant.interfaces.net.stream import SocketStream

GIVE_UP_S = 1.0
"""Seconds that a cancelled request has for telling the daemon so."""


class AsyncClient:
    """A connection to the daemon whose requests may overlap; made by `connect`."""

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream
        self._protocol = Protocol()
        self._sending = anyio.Lock()
        self._received = Signal()

    async def call(self, method: str, **params: Any) -> Any:
        """Carry out `method` and return its result; cancelling gives the request up.

        Raises `AssistantError` as the daemon says.
        """
        async with aclosing(self._replies(method, params)) as replies:
            async for reply in replies:
                if isinstance(reply, Answer):
                    return reply.result
        raise gone()

    async def ask(self, text: str, *, speak: bool = False, room: str = "") -> AsyncGenerator[str, None]:
        """Yield the answer to a question, piece by piece, as `Client.ask` does. Use it with `aclosing`."""
        async with aclosing(self._replies("ask", ask_params(text, speak=speak, room=room))) as replies:
            async for reply in replies:
                if isinstance(reply, Progress) and reply.name == "ask.delta":
                    yield reply.params["text"]

    async def events(self, *names: str) -> AsyncGenerator[Event, None]:
        """As `Client.events`; awaited, it returns what is to be used with `aclosing`. For one reader at a time."""
        await self.call("subscribe", events=list(names) or None)
        return self._happening()

    async def _happening(self) -> AsyncGenerator[Event, None]:
        while True:
            event = self._protocol.next_event()
            if event is not None:
                yield event
            else:
                await self._received.wait()

    async def receive(self) -> None:
        """Read what the daemon sends until it hangs up; `connect` runs it."""
        while self._protocol.failure is None:
            try:
                data = await self._stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                data = b""
            self._protocol.receive(data)
            self._received.notify()

    async def _replies(self, method: str, params: dict[str, Any]) -> AsyncGenerator[Progress | Answer, None]:
        """Yield what comes for a request, its answer at last; closing gives it up."""
        number, line = self._protocol.begin(method, params)
        try:
            await self._send(line)
            while True:
                reply = self._protocol.next_reply(number)
                if reply is None:
                    await self._received.wait()
                    continue
                yield reply
                if isinstance(reply, Answer):
                    return
        finally:
            if cancellation := self._protocol.end(number):
                with anyio.move_on_after(GIVE_UP_S, shield=True):
                    await self._send(cancellation)

    async def _send(self, data: bytes) -> None:
        # What the daemon sent before it hung up says why.
        with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async with self._sending:
                await self._stream.send(data)


@asynccontextmanager
async def connect(path: Path | None = None) -> AsyncGenerator[AsyncClient, None]:
    """Connect for as long as the context lasts, as `Client` does; an `AssistantError` within comes out as it is."""
    path = path or unix_socket.find()
    try:
        with anyio.fail_after(CONNECT_S):
            stream = await net.connect(path)
    except TimeoutError as error:
        raise unreachable(path, "it does not answer") from error
    except OSError as error:
        raise unreachable(path, error.strerror or str(error)) from error
    with single_error():
        async with stream, anyio.create_task_group() as tasks:
            client = AsyncClient(stream)
            tasks.start_soon(client.receive)
            yield client
            tasks.cancel_scope.cancel()
