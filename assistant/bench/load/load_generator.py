"""Clients of the socket, in a process of their own so that only their messages reach the one under test.

    python -m assistant.bench.load.load_generator SOCKET

Reads one command a line: the number of clients to have from then on. Answers each, once the clients are connected, with
the round trips in milliseconds of the `status` calls since the last command, as JSON.
"""

import asyncio
import itertools
import json
import sys
import time
from contextlib import closing
from pathlib import Path

from assistant.interfaces.ipc.rpc import request

PROBE_S = 0.05
"""Interval between the `status` calls of the client that measures."""

CALL_S = 0.5
"""Interval between the calls of a calling client, and between the connections of a misbehaving one."""

CLIENTS_A_MIX = 10
"""Of so many clients one calls, one misbehaves, and the others subscribe to every event."""

MALFORMED = (b"{nonsense\n" * 100, b"[" * 5000 + b"\n", b"a" * 300_000, b'{"jsonrpc": "2.0", "method":')
"""What a misbehaving client sends before it hangs up: invalid JSON, deep nesting, an endless line, half a message."""


class LoadGenerator:
    """Holds as many clients as it is told to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clients: list[asyncio.Task[None]] = []

    async def resize(self, wanted: int) -> None:
        """Connect or disconnect clients until there are `wanted`."""
        while len(self._clients) < wanted:
            behaviour = {0: _call, 5: _misbehave}.get(len(self._clients) % CLIENTS_A_MIX, _subscribe)
            connected = asyncio.Event()
            self._clients.append(asyncio.create_task(behaviour(self._path, connected)))
            await connected.wait()
        while len(self._clients) > wanted:
            self._clients.pop().cancel()


async def _call(path: Path, connected: asyncio.Event) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    with closing(writer):
        while True:
            writer.write(request(1, "status", {}))
            await reader.readline()
            connected.set()
            await asyncio.sleep(CALL_S)


async def _subscribe(path: Path, connected: asyncio.Event) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    with closing(writer):
        writer.write(request(1, "subscribe", {}))
        await reader.readline()
        connected.set()
        while await reader.read(65_536):
            pass


async def _misbehave(path: Path, connected: asyncio.Event) -> None:
    for garbage in itertools.cycle(MALFORMED):
        _, writer = await asyncio.open_unix_connection(path)
        with closing(writer):
            writer.write(garbage)
            connected.set()
            await asyncio.sleep(CALL_S)


async def _probe(path: Path, latencies_ms: list[float]) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    while True:
        sent_at = time.perf_counter()
        writer.write(request(1, "status", {}))
        await reader.readline()
        latencies_ms.append(round((time.perf_counter() - sent_at) * 1000, 3))
        await asyncio.sleep(PROBE_S)


async def main(path: Path) -> None:
    """Obey the commands on standard input until it closes."""
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    latencies_ms: list[float] = []
    probe = asyncio.create_task(_probe(path, latencies_ms))
    generator = LoadGenerator(path)
    while command := await commands.readline():
        await generator.resize(int(command))
        print(json.dumps(latencies_ms), flush=True)
        latencies_ms.clear()
    probe.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
