"""An interface that is no part of the package."""

from contextlib import suppress

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from assistant.errors import AssistantError
from assistant.events import Event
from assistant.interfaces.base import Host
from assistant.interfaces.net.stream import SocketStream


class LineProtocol:
    """A line `ROOM QUESTION` is answered by a line `= ANSWER`; whatever happens meanwhile is a line, too."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def welcome(self, stream: SocketStream) -> None:
        """Serve one client until it has gone."""
        send, receive = anyio.create_memory_object_stream[str](100)

        def tell(event: Event) -> None:
            with suppress(anyio.WouldBlock):
                send.send_nowait(f"{event.room} {type(event).__name__}")

        async with stream, send, receive, anyio.create_task_group() as tasks:
            tasks.start_soon(self._write, receive, stream)
            with self._host.bus.subscribe(tell), suppress(anyio.EndOfStream):
                while True:
                    await send.send(await self._answer((await stream.receive()).decode().strip()))
            tasks.cancel_scope.cancel()

    async def _answer(self, line: str) -> str:
        room, _, question = line.partition(" ")
        try:
            return f"= {(await self._host.rooms.get(room).ask(question, aloud=False)).reply}"
        except AssistantError as error:
            return f"! {error.code}"

    async def _write(self, lines: MemoryObjectReceiveStream[str], stream: SocketStream) -> None:
        async for line in lines:
            await stream.send(line.encode() + b"\n")
