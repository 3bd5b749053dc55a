"""One connection, over a Unix socket or TCP: bytes, and on a Unix socket file descriptors too.

anyio's own stream for Unix sockets leaves `InvalidStateError` in the log when it is cancelled just as data arrives (its
reader sets the result of a future that is cancelled already, 4.16), which is what happens whenever a client hangs up.
"""

import array
import errno
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
import anyio.lowlevel
from anyio.abc import TaskStatus

log = logging.getLogger(__name__)

READ_BYTES = 65_536
"""Bytes that are read at a time."""

MAX_DISCARDED = 2**20
DISCARD_S = 0.5
"""Bytes and seconds that a client may go on sending after it was told why its connection is closed."""

EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
"""Errors of accept(2) that pass when others close their connections."""

PAUSE_S = 0.2
"""Seconds without accepting after such an error."""

RETRY_S = 0.05
"""Seconds between two attempts to connect to a listener that is busy."""

MAX_FILES = 4
"""File descriptors that are taken with one read; the kernel closes more."""


class SocketStream:
    """One end of a connection, on a Unix socket or TCP. One task reads, one writes."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        if connection.family != socket.AF_UNIX:
            _prepare_tcp(connection)
        self.socket = connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        anyio.notify_closing(self.socket)
        self.socket.close()

    async def receive(self, max_bytes: int = READ_BYTES) -> bytes:
        """Read what has come; file descriptors that came with it are closed. Raises as `receive_files` does."""
        data, files = await self.receive_files(max_bytes)
        close_all(files)
        return data

    async def receive_files(self, max_bytes: int = READ_BYTES) -> tuple[bytes, list[int]]:
        """Read what has come, with the file descriptors that came with it, which are the caller's to close.

        Raises `anyio.EndOfStream` when nothing more comes, `anyio.BrokenResourceError` when the other end has gone.
        """
        await anyio.lowlevel.checkpoint()  # a peer that sends without a pause would keep the event loop busy
        room = socket.CMSG_LEN(MAX_FILES * array.array("i").itemsize)
        while True:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(max_bytes, room, socket.MSG_CMSG_CLOEXEC)
                break
            except BlockingIOError:
                await anyio.wait_readable(self.socket)
            except OSError as error:
                raise anyio.BrokenResourceError from error
        files = array.array("i")
        for level, kind, packed in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                files.frombytes(packed[: len(packed) - len(packed) % files.itemsize])
        if not data and not files:
            raise anyio.EndOfStream
        return data, list(files)

    async def send(self, data: bytes) -> None:
        """Return when the kernel has all of it. Raises `anyio.BrokenResourceError`."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.socket.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self.socket)
            except OSError as error:
                raise anyio.BrokenResourceError from error


async def serve(
    listener: socket.socket,
    welcome: Callable[[SocketStream], Coroutine[Any, Any, None]],
    *,
    task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
) -> None:
    """Give every connection to `welcome`, in a task of its own, until it is cancelled.

    Raises `OSError` when the listener is broken; having too many connections for a while is none.
    """
    listener.setblocking(False)
    async with anyio.create_task_group() as connections:
        task_status.started()
        while True:
            try:
                connection, _ = listener.accept()
            except BlockingIOError:
                await anyio.wait_readable(listener)
            except ConnectionAbortedError:
                continue
            except OSError as error:
                if error.errno not in EXHAUSTED:
                    raise
                log.warning("no connection can be accepted: %s", error.strerror)
                await anyio.sleep(PAUSE_S)
            else:
                connections.start_soon(welcome, SocketStream(connection))
                await anyio.lowlevel.checkpoint()  # hundreds may connect at once


def _prepare_tcp(connection: socket.socket) -> None:
    """Send small messages at once, and notice within a minute when the other machine has gone."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


async def connect(path: Path) -> SocketStream:
    """Connect to the socket at `path`; wait while too many others do. Raises `OSError`."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        while True:
            try:
                connection.connect(str(path))
            except BlockingIOError:  # unix(7): the listener's queue is full; nothing signals when it is not
                await anyio.sleep(RETRY_S)
            else:
                return SocketStream(connection)
    except BaseException:
        connection.close()
        raise


class ByteSource(Protocol):
    """What bytes are read from; `receive` as `SocketStream` has it."""

    async def receive(self, max_bytes: int = READ_BYTES) -> bytes: ...


async def discard(source: ByteSource) -> None:
    """Read what a client is still sending, up to a point, before its connection is closed.

    The kernel resets a connection with unread bytes, and the last line that was written to it may be lost.
    """
    left = MAX_DISCARDED
    with anyio.move_on_after(DISCARD_S), suppress(anyio.EndOfStream, anyio.BrokenResourceError):
        while left > 0:
            left -= len(await source.receive())


def close_all(files: list[int]) -> None:
    """Close file descriptors, and forget them."""
    while files:
        os.close(files.pop())
