"""Connections over TCP, for both directions.

anyio's own stream reads on as long as something it has read is still waiting, however slowly it is taken (4.16): a
client that floods grows the process by 300 MB a second. Here the kernel keeps what has not been asked for yet.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlparse

import anyio
from anyio.abc import SocketAttribute

from assistant.errors import AssistantError, Code
from assistant.interfaces.net.stream import SocketStream

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
"""Hosts that only this machine reaches."""

CONNECT_S = 10.0
"""Seconds for finding and reaching the other machine."""


def host_and_port(address: str) -> tuple[str, int]:
    """Host and port of `address`. Raises `AssistantError` (`config.invalid`)."""
    parsed = urlparse(address)
    try:
        return parsed.hostname or "", parsed.port or 0
    except ValueError as error:
        raise AssistantError(Code.CONFIG_INVALID, f"wyoming: {address}: {error}") from error


@asynccontextmanager
async def listening_on(address: str) -> AsyncIterator[list[socket.socket]]:
    """Listen at every address that the host in `address` has, as long as the context lasts.

    Raises `AssistantError` (`wyoming.unavailable`, `config.invalid`).
    """
    host, port = host_and_port(address)
    try:
        listener = await anyio.create_tcp_listener(local_host=host, local_port=port)
    except OSError as error:
        raise AssistantError(
            Code.WYOMING_UNAVAILABLE, f"wyoming.listen {address}: {error.strerror or error}; choose another address"
        ) from error
    async with listener:
        yield [one.extra(SocketAttribute.raw_socket) for one in listener.listeners]


async def connect_to(address: str) -> SocketStream:
    """Connect to `address`. Raises `OSError`, `TimeoutError` among them."""
    host, port = host_and_port(address)
    refused = OSError(f"{host} has no address")
    with anyio.fail_after(CONNECT_S):
        for family, kind, protocol, _, where in await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            connection = socket.socket(family, kind, protocol)
            try:
                await _connect(connection, where)
            except BaseException as error:
                connection.close()
                if not isinstance(error, OSError):
                    raise
                refused = error
            else:
                return SocketStream(connection)
    raise refused


async def _connect(connection: socket.socket, where: Any) -> None:
    connection.setblocking(False)
    try:
        connection.connect(where)
    except BlockingIOError:
        await anyio.wait_writable(connection)
    if error := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, os.strerror(error))
