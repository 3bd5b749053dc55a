"""A scripted conversation behind a real socket."""

import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import anyio
from anyio.abc import UNIXSocketStream

from assistant.app.running import Running
from assistant.config.schema import Config, Ipc
from assistant.events import Event
from assistant.interfaces.ipc.server import IpcServer
from assistant.interfaces.net import unix_socket
from assistant.telemetry.metrics import Metrics
from assistant.testing.scripted import Script, ScriptedLoudspeaker
from assistant.testing.stage import QUIET, Stage, conversation


@dataclass
class Served:
    """The socket, and what is behind it."""

    path: Path
    stage: Stage
    running: Running
    server: IpcServer
    reloaded: list[Config] = field(default_factory=list)
    """What the configuration file holds when it is read again."""
    ended: anyio.Event = field(default_factory=anyio.Event)

    def emit(self, event: Event) -> None:
        self.running.bus.emit(event)


@asynccontextmanager
async def served(
    folder: Path,
    script: Script | None = None,
    config: Config = QUIET,
    loudspeaker: ScriptedLoudspeaker | None = None,
    owner: int | None = None,
) -> AsyncIterator[Served]:
    """Serve for as long as the context lasts; the socket is in `folder`. `owner`: as `Access`."""
    path = folder / "a.sock"
    async with conversation(script, config, loudspeaker) as stage:
        metrics = Metrics()
        reloaded: list[Config] = []
        ended = anyio.Event()
        running = Running(
            rooms=stage.rooms,
            bus=stage.bus,
            metrics=metrics,
            reload=lambda: reloaded[-1],
            end=ended.set,
        )
        server = IpcServer(running, owner=owner)
        with stage.bus.subscribe(metrics.observe), unix_socket.open_socket(path) as listener:
            await stage.tasks.start(server.serve, listener)
            yield Served(path, stage, running, server, reloaded, ended)


class Line:
    """A client that sends bytes, whatever they are, and reads lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def __aenter__(self) -> Self:
        self.stream = await _connected(self._path)
        self._rest = b""
        return self

    async def __aexit__(self, *reason: object) -> None:
        await self.stream.aclose()

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def request(self, method: str, id: object = 1, **params: object) -> None:
        await self.send(json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n")

    async def call(self, method: str, id: object = 1, **params: object) -> dict[str, Any]:
        """The answer to a request; what comes before it is left out."""
        await self.request(method, id, **params)
        while True:
            answer = await self.read()
            if "id" in answer:
                return answer

    async def read(self) -> dict[str, Any]:
        """The next line. Raises `anyio.EndOfStream` when the daemon has hung up."""
        while b"\n" not in self._rest:
            self._rest += await self.stream.receive()
        line, _, self._rest = self._rest.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    async def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not wanted(message := await self.read()):
            pass
        return message


async def _connected(path: Path) -> UNIXSocketStream:
    """As `anyio.connect_unix`, but with a pause before the next attempt while the kernel's queue is full."""
    connection = socket.socket(socket.AF_UNIX)
    connection.setblocking(False)
    while True:
        try:
            connection.connect(str(path))
        except BlockingIOError:
            await anyio.sleep(0.002)
        else:
            return await UNIXSocketStream.from_socket(connection)


def permissive(**changes: Any) -> Config:
    """The configuration of the scripted conversation, with another section `ipc`."""
    return Config(asr=QUIET.asr, turns=QUIET.turns, wake="none", ipc=Ipc(**changes))


def raw_socket(line: Line) -> socket.socket:
    found: socket.socket = line.stream.extra(anyio.abc.SocketAttribute.raw_socket)
    return found
