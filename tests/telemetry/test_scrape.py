"""The port of the metrics answers one question, from this machine, and holds nothing up."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from assistant.errors import AssistantError, Code
from assistant.telemetry import scrape
from assistant.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

HOST = b"Host: 127.0.0.1\r\n"


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    with scrape.listening(port) as listener:
        assert listener is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scrape.serve_metrics, listener, Metrics())
            with anyio.fail_after(20):
                yield port
            tasks.cancel_scope.cancel()


async def answer(port: int, request: bytes) -> bytes:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(request)
        received = b""
        try:
            while True:
                received += await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return received


@pytest.mark.parametrize("host", [b"127.0.0.1", b"localhost:9464", b"LOCALHOST", b"[::1]:1"])
async def test_metrics_are_served_to_this_machine(host: bytes) -> None:
    async with served() as port:
        text = await answer(port, b"GET /metrics?x=1 HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    head, _, body = text.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"assistant_info" in body


async def test_head_gets_the_head_alone() -> None:
    async with served() as port:
        text = await answer(port, b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
    assert text.startswith(b"HTTP/1.1 200")
    assert text.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n", b"421"),
        (b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", b"421"),
        (b"POST /metrics HTTP/1.1\r\n" + HOST + b"\r\n", b"405"),
        (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", b"404"),
        (b"GET /../metrics HTTP/1.1\r\n" + HOST + b"\r\n", b"404"),
        (b"GET /metrics\r\n\r\n", b"400"),
        (b"\x16\x03\x01\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 20_000, b"400"),
    ],
)
async def test_everything_else_is_refused(request_: bytes, status: bytes) -> None:
    async with served() as port:
        assert (await answer(port, request_)).startswith(b"HTTP/1.1 " + status)


async def test_who_sends_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "WITHIN_S", 0.05)
    async with served() as port:
        assert await answer(port, b"GET") == b""


async def test_a_crowd_that_says_nothing_shuts_nobody_out() -> None:
    async with served() as port:
        idle = [await anyio.connect_tcp("127.0.0.1", port) for _ in range(3 * scrape.MAX_CONNECTIONS)]
        assert (await answer(port, b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")).startswith(b"HTTP/1.1 200")
        for stream in idle:
            await stream.aclose()


async def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AssistantError) as error, scrape.listening(port):
            pass
    assert error.value.code is Code.METRICS_PORT_IN_USE
    assert str(port) in error.value.message


async def test_without_a_port_nothing_listens() -> None:
    with scrape.listening(0) as listener:
        assert listener is None
