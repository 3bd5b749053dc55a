"""Bytes and file descriptors over a Unix socket.

anyio's own stream for these leaves `InvalidStateError` in the log when it is cancelled just as data arrives (its reader
sets the result of a future that is cancelled already, 4.16), which is what happens whenever a client hangs up.
"""

import array
import os
import socket
from types import TracebackType
from typing import Self

import anyio

READ_AT_ONCE = 65_536

MOST_FILES = 4
"""File descriptors that are taken at once; the kernel closes more."""


class UnixStream:
    """One end of a connection. One task reads, one writes."""

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        self.socket = connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        anyio.notify_closing(self.socket)
        self.socket.close()

    async def receive(self) -> tuple[bytes, list[int]]:
        """What has come, with the file descriptors that came with it, which are the caller's to close.

        Raises `anyio.EndOfStream` when nothing more comes, `anyio.BrokenResourceError` when the other end has gone.
        """
        room = socket.CMSG_LEN(MOST_FILES * array.array("i").itemsize)
        while True:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(READ_AT_ONCE, room, socket.MSG_CMSG_CLOEXEC)
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
        """Returns when the kernel has all of it. Raises `anyio.BrokenResourceError`."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.socket.send(rest) :]
            except BlockingIOError:
                await anyio.wait_writable(self.socket)
            except OSError as error:
                raise anyio.BrokenResourceError from error


async def accept(listener: socket.socket) -> UnixStream:
    """The next connection. Raises `OSError` as accept(2) does."""
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            await anyio.wait_readable(listener)
        except ConnectionAbortedError:
            continue
        else:
            return UnixStream(connection)


def close_all(files: list[int]) -> None:
    """Close file descriptors, and forget them."""
    while files:
        os.close(files.pop())
