"""Many clients of the socket, in a process of their own so that only their messages reach the one that is measured.

    python -m assistant.bench.load.run.crowd SOCKET

Takes one command a line: a number of clients, to have so many from then on, and says when they are there with the
latencies in milliseconds of the `status` calls since the last command, as JSON.
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
"""Between two `status` calls of the one client that measures."""

CALL_S = 0.5
"""Between two `status` calls of a client that calls, and between two connections of one that misbehaves."""

KIND = 10
"""Of so many clients one calls, one misbehaves, and the others have subscribed to every event."""

RUDE = (b"{nonsense\n" * 100, b"[" * 5000 + b"\n", b"a" * 300_000, b'{"jsonrpc": "2.0", "method":')
"""What a client that misbehaves sends before it hangs up: no JSON, too deep, without an end, half a message."""


class Crowd:
    """As many clients as wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clients: list[asyncio.Task[None]] = []

    async def resize(self, wanted: int) -> None:
        """Connect or hang up until there are `wanted`."""
        while len(self._clients) < wanted:
            work = {0: _call, 5: _misbehave}.get(len(self._clients) % KIND, _subscribe)
            there = asyncio.Event()
            self._clients.append(asyncio.create_task(work(self._path, there)))
            await there.wait()
        while len(self._clients) > wanted:
            self._clients.pop().cancel()


async def _call(path: Path, there: asyncio.Event) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    with closing(writer):
        while True:
            writer.write(request(1, "status", {}))
            await reader.readline()
            there.set()
            await asyncio.sleep(CALL_S)


async def _subscribe(path: Path, there: asyncio.Event) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    with closing(writer):
        writer.write(request(1, "subscribe", {}))
        await reader.readline()
        there.set()
        while await reader.read(65_536):
            pass


async def _misbehave(path: Path, there: asyncio.Event) -> None:
    for sent in itertools.cycle(RUDE):
        _, writer = await asyncio.open_unix_connection(path)
        with closing(writer):
            writer.write(sent)
            there.set()
            await asyncio.sleep(CALL_S)


async def _probe(path: Path, latencies_ms: list[float]) -> None:
    reader, writer = await asyncio.open_unix_connection(path)
    while True:
        began = time.perf_counter()
        writer.write(request(1, "status", {}))
        await reader.readline()
        latencies_ms.append(round((time.perf_counter() - began) * 1000, 3))
        await asyncio.sleep(PROBE_S)


async def main(path: Path) -> None:
    """Follow the commands on standard input until it ends."""
    commands = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    latencies: list[float] = []
    probe = asyncio.create_task(_probe(path, latencies))
    crowd = Crowd(path)
    while command := await commands.readline():
        await crowd.resize(int(command))
        print(json.dumps(latencies), flush=True)
        latencies.clear()
    probe.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
