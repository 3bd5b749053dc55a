"""Connections when the machine has no room for them, and when the other end is still sending."""

import errno
import os
import socket
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from assistant.interfaces.net import stream
from assistant.interfaces.net.stream import SocketStream, connect, discard, serve

pytestmark = pytest.mark.anyio


class Exhausted(socket.socket):
    """A listener for whose next connections there is no file descriptor."""

    failures = 0

    def accept(self) -> Any:
        found = super().accept()
        if self.failures:
            self.failures -= 1
            found[0].close()
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return found


async def test_too_many_connections_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "PAUSE_S", 0.0)
    greeted = anyio.Event()

    async def welcome(connection: SocketStream) -> None:
        async with connection:
            greeted.set()

    with Exhausted(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.failures = 2
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                await tasks.start(serve, listener, welcome)
                for _ in range(3):
                    async with await connect(tmp_path / "s"):
                        await anyio.wait_all_tasks_blocked()
                await greeted.wait()
                tasks.cancel_scope.cancel()
    assert caplog.text.count("no connection can be accepted") == 2


async def test_a_listener_that_fails_is_an_error() -> None:
    with socket.socket(socket.AF_UNIX) as never_bound, pytest.raises((OSError, ExceptionGroup)):
        await serve(never_bound, lambda connection: anyio.lowlevel.checkpoint())


async def test_a_client_that_sends_on_is_not_read_for_ever() -> None:
    one, other = socket.socketpair()

    async def send_on(connection: SocketStream) -> None:
        while True:
            await connection.send(bytes(65_536))

    async with SocketStream(one) as here, SocketStream(other) as there, anyio.create_task_group() as tasks:
        tasks.start_soon(send_on, there)
        await discard(here)
        tasks.cancel_scope.cancel()
