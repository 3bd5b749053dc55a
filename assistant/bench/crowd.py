"""Many clients of the socket, in a process of their own so that only their messages reach the one that is measured.

    python -m assistant.bench.crowd SOCKET

Takes one command a line: a number of clients, to have so many from then on, and says when they are there with the
latencies in milliseconds of the `status` calls since the last command, as JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from assistant.ipc.rpc import request

PROBE_S = 0.05
"""Between two `status` calls of the one client that measures."""

CALL_S = 0.5
"""Between two `status` calls of each caller in the crowd."""

CALLERS = 10
"""One of so many clients calls; the others have subscribed to every event and read what comes."""


class Crowd:
    """As many clients as wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clients: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def resize(self, wanted: int) -> None:
        """Connect or hang up until there are `wanted`."""
        while len(self._clients) < wanted:
            reader, writer = await asyncio.open_unix_connection(self._path)
            calls = len(self._clients) % CALLERS == 0
            writer.write(request(1, "status" if calls else "subscribe", {}))
            await reader.readline()
            self._clients.append(asyncio.create_task(_call(reader, writer) if calls else _read(reader)))
            self._writers.append(writer)
        while len(self._clients) > wanted:
            self._clients.pop().cancel()
            self._writers.pop().close()


async def _call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(request(1, "status", {}))
        await reader.readline()
        await asyncio.sleep(CALL_S)


async def _read(reader: asyncio.StreamReader) -> None:
    while await reader.read(65_536):
        pass


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
