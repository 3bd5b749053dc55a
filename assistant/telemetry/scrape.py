"""The port that Prometheus asks for the metrics: one path, on this machine only, and no time to waste.

On the event loop, where a connection costs a few kilobytes; the server of the client library takes a thread for each,
waits for ever, and answers a web page that has its own name point here (DNS rebinding).
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio

from assistant.errors import AssistantError, Code
from assistant.interfaces.net.stream import SocketStream, serve
from assistant.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"

HOSTS = {"127.0.0.1", "localhost", "[::1]", ""}
"""What a client of this machine may call it; a client that names no host is no browser."""

WITHIN_S = 5.0
"""From a connection to its end."""

MAX_CONNECTIONS = 16
"""At a time; one more ends the oldest."""

MAX_REQUEST = 8192
"""Bytes up to the end of the header."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@contextmanager
def listening(port: int) -> Iterator[socket.socket | None]:
    """Listen on `port` of this machine as long as the context lasts; None for port 0.

    Raises `AssistantError` (`metrics.port_in_use`).
    """
    if not port:
        yield None
        return
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise AssistantError(
            Code.METRICS_PORT_IN_USE,
            f"metrics.http_port {port}: {error.strerror}; choose another port, or 0 for none",
        ) from error
    with listener:
        yield listener


async def serve_metrics(listener: socket.socket, metrics: Metrics) -> None:
    """Answer on `listener` until it is cancelled."""
    open_now: list[anyio.CancelScope] = []

    async def welcome(stream: SocketStream) -> None:
        async with stream:
            with anyio.move_on_after(WITHIN_S) as scope, suppress(anyio.BrokenResourceError):
                open_now.append(scope)
                if len(open_now) > MAX_CONNECTIONS:
                    open_now[0].cancel()
                try:
                    await stream.send(_answer(await _header(stream), metrics))
                finally:
                    open_now.remove(scope)

    await serve(listener, welcome)


async def _header(stream: SocketStream) -> bytes:
    """Read up to the empty line that ends the header, or to the limit."""
    received = b""
    with suppress(anyio.EndOfStream):
        while b"\r\n\r\n" not in received and len(received) <= MAX_REQUEST:
            received += await stream.receive()
    return received


def _answer(received: bytes, metrics: Metrics) -> bytes:
    head, end, _ = received.partition(b"\r\n\r\n")
    request, *fields = head.decode("latin-1").split("\r\n")
    words = request.split(" ")
    if not end or len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _response("400 Bad Request")
    method, target, _ = words
    if _host(fields) not in HOSTS:
        return _response("421 Misdirected Request")
    if method not in ("GET", "HEAD"):
        return _response("405 Method Not Allowed", "Allow: GET, HEAD\r\n")
    if target.partition("?")[0] != "/metrics":
        return _response("404 Not Found")
    text = metrics.recent_text().encode()
    return _response("200 OK", f"Content-Type: {CONTENT_TYPE}\r\n", text, omitted=method == "HEAD")


def _host(fields: list[str]) -> str:
    """Return the host that the client asked for, without its port."""
    named = [
        value.strip().lower() for name, _, value in (field.partition(":") for field in fields) if name.lower() == "host"
    ]
    host = named[0] if len(named) == 1 else ",".join(named)
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


def _response(status: str, fields: str = "", body: bytes = b"", *, omitted: bool = False) -> bytes:
    head = f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + (b"" if omitted else body)
