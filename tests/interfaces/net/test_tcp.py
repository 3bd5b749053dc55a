"""Connections over TCP, on the loopback interface."""

import socket

import anyio
import pytest

from assistant.errors import AssistantError, Code
from assistant.interfaces.net import tcp
from assistant.interfaces.net.stream import SocketStream, serve

pytestmark = pytest.mark.anyio


def address_of(listener: socket.socket) -> str:
    return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize(
    ("address", "expected"),
    [("tcp://0.0.0.0:10300", ("0.0.0.0", 10300)), ("tcp://[::1]:1", ("::1", 1)), ("tcp://box", ("box", 0))],
)
async def test_an_address_has_a_host_and_a_port(address: str, expected: tuple[str, int]) -> None:
    assert tcp.host_and_port(address) == expected


async def test_an_address_that_is_none_is_named() -> None:
    with pytest.raises(AssistantError) as error:
        tcp.host_and_port("tcp://box:many")
    assert error.value.code is Code.CONFIG_INVALID
    assert "tcp://box:many" in error.value.message


async def test_bytes_go_to_and_fro() -> None:
    async def echo(connection: SocketStream) -> None:
        async with connection:
            await connection.send(await connection.receive())

    async with tcp.listening_on("tcp://127.0.0.1:0") as listeners, anyio.create_task_group() as tasks:
        await tasks.start(serve, listeners[0], echo)
        async with await tcp.connect_to(address_of(listeners[0])) as connection:
            await connection.send(b"hello")
            assert await connection.receive() == b"hello"
            with pytest.raises(anyio.EndOfStream):
                await connection.receive()
        tasks.cancel_scope.cancel()


async def test_an_address_in_use_is_named() -> None:
    async with tcp.listening_on("tcp://127.0.0.1:0") as listeners:
        address = address_of(listeners[0])
        with pytest.raises(AssistantError) as error:
            async with tcp.listening_on(address):
                pass
    assert error.value.code is Code.WYOMING_UNAVAILABLE
    assert address in error.value.message


async def test_a_refused_connection_is_an_error() -> None:
    with socket.socket() as bound_and_not_listening:
        bound_and_not_listening.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            await tcp.connect_to(address_of(bound_and_not_listening))
