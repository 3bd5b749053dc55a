"""What other machines send: to the Wyoming services, and to the port of the metrics."""

import json
import os
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any

from assistant.interfaces.wyoming.server import IDLE_S
from tests.attacks.arena import Arena
from tests.attacks.attack import attack


def event(kind: str, payload: bytes = b"", **data: object) -> bytes:
    """A Wyoming event as bytes."""
    return json.dumps({"type": kind, "data": data, "payload_length": len(payload)}).encode() + b"\n" + payload


def kinds(connection: socket.socket) -> list[str]:
    """Read events until the other end hangs up or is silent, and return their types."""
    received = b""
    with suppress(TimeoutError, ConnectionResetError):
        while data := connection.recv(65_536):
            received += data
    found = []
    for line in received.split(b"\n"):
        with suppress(ValueError, TypeError, KeyError):
            found.append(json.loads(line)["type"])
    return found


def send(connection: socket.socket, data: bytes) -> None:
    """Send as much as is taken."""
    with suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
        connection.sendall(data)


MALFORMED = {
    "a header of a megabyte": b'{"type": "' + b"a" * 2**20,
    "a payload of 2^60 bytes announced": b'{"type": "audio-chunk", "payload_length": 1152921504606846976}\n',
    "a payload of -1 bytes announced": b'{"type": "audio-chunk", "payload_length": -1}\n',
    "JSON nested 30,000 deep": b'{"type": "x", "data": ' + b"[" * 30_000 + b"\n",
    "random bytes": os.urandom(2**20),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
}


def _malformed(data: bytes) -> Callable[[Arena], str]:
    def carry_out(arena: Arena) -> str:
        with arena.wyoming(5) as connection:
            send(connection, data)
            found = kinds(connection)
        assert found in ([], ["error"]), found
        return "an error, hung up on" if found else "hung up on"

    return carry_out


for name, data in MALFORMED.items():
    attack(f"Wyoming: {name}")(_malformed(data))


def _rate(rate: int, width: int, channels: int) -> Callable[[Arena], str]:
    def carry_out(arena: Arena) -> str:
        form: dict[str, Any] = {"rate": rate, "width": width, "channels": channels}
        with arena.wyoming(5) as connection:
            send(connection, event("transcribe") + event("audio-start", **form))
            send(connection, event("audio-chunk", bytes(2**16), **form) + event("audio-stop"))
            return ", ".join(kinds(connection)) or "hung up on"

    return carry_out


for form in ((1, 2, 1), (10**9, 2, 1), (16_000, 17, 1), (16_000, 2, 10**6), (0, 0, 0)):
    attack(f"Wyoming: audio at {form[0]} Hz, {form[1]} bytes, {form[2]} channels")(_rate(*form))


@attack("Wyoming: sixteen connections that say nothing, then one that asks")
def shut_out(arena: Arena) -> str:
    with ExitStack() as idle:
        for _ in range(16):
            idle.enter_context(arena.wyoming())
        time.sleep(IDLE_S + 1.0)
        with arena.wyoming(10) as connection:
            send(connection, event("describe"))
            received = connection.recv(65_536)
    assert b'"info"' in received, received[:200]
    return "the one that asks is let in"


@attack("Wyoming: an event that comes a byte a second", slow=True)
def dripping(arena: Arena) -> str:
    with arena.wyoming(1) as connection:
        began = time.monotonic()
        while time.monotonic() - began < 60:
            send(connection, b"{")
            with suppress(TimeoutError, ConnectionResetError):
                if b"wyoming.malformed" in connection.recv(65_536):
                    return f"an error after {time.monotonic() - began:.0f} s"
    raise AssertionError("a minute later it was still waited for")


@attack("Wyoming: describe 20,000 times, and no answer read")
def unread(arena: Arena) -> str:
    with arena.wyoming(3) as connection:
        send(connection, event("describe") * 20_000)
    return "reading stops until answers are taken"


@attack("Wyoming: audio that never ends")
def endless(arena: Arena) -> str:
    form: dict[str, Any] = {"rate": 16_000, "width": 2, "channels": 1}
    with arena.wyoming(5) as connection:
        send(connection, event("transcribe") + event("audio-start", **form))
        for _ in range(600):
            send(connection, event("audio-chunk", bytes(32_000), **form))
    return "taken as it can be worked at"


@attack("Wyoming: wake words from other folders")
def foreign_words(arena: Arena) -> str:
    with arena.wyoming(5) as connection:
        send(connection, event("detect", names=["../../etc/passwd", "/dev/zero", "\0", "x" * 10_000]))
        send(connection, event("describe"))
        return ", ".join(kinds(connection))


@attack("Wyoming: 7,200 characters to say, and hung up on", alone=True)
def long_text(arena: Arena) -> str:
    with arena.wyoming(5) as connection:
        send(connection, event("synthesize", text="This is a sentence of some words. " * 212))
        first = connection.recv(65_536)
    assert b"audio-start" in first, first[:200]
    return "sound at once; given up"


def web(arena: Arena, request: bytes, timeout_s: float = 5) -> str:
    """Send `request` to the port of the metrics, and return the status of the answer, or what became of it."""
    with arena.web(timeout_s) as connection:
        send(connection, request)
        try:
            answer = connection.recv(65_536)
        except TimeoutError:
            return "no answer"
        except ConnectionResetError:
            return "hung up on"
    return answer.split(b"\r\n")[0].decode(errors="replace") or "hung up on"


GET = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@attack("metrics: a page that has its own name point here")
def rebinding(arena: Arena) -> str:
    answer = web(arena, GET.replace(b"127.0.0.1", b"evil.example"))
    assert "200" not in answer, answer
    return answer


@attack("metrics: 300 connections that say nothing")
def idle_web(arena: Arena) -> str:
    with ExitStack() as idle:
        for _ in range(300):
            with suppress(OSError):
                idle.enter_context(arena.web())
        time.sleep(0.5)
        threads = len(os.listdir(f"/proc/{arena.daemon.pid}/task"))
        assert threads < 100, f"{threads} threads"
    time.sleep(0.5)
    assert "200" in web(arena, GET)
    return "no thread for any of them; the next is answered"


@attack("metrics: a header that comes a byte a second")
def dripping_web(arena: Arena) -> str:
    with arena.web(1) as connection:
        began = time.monotonic()
        while time.monotonic() - began < 60:
            try:
                connection.sendall(b"G")
                answered = bool(connection.recv(65_536))
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                answered = False
            return f"{'refused' if answered else 'hung up on'} after {time.monotonic() - began:.0f} s"
    raise AssertionError("a minute later it was still waited for")


@attack("metrics: a request line of 10 MB")
def long_line(arena: Arena) -> str:
    answer = web(arena, b"GET /" + b"a" * 10_000_000 + b" HTTP/1.1\r\n\r\n")
    assert "200" not in answer, answer
    return answer


@attack("metrics: POST, other paths, other protocols")
def other_requests(arena: Arena) -> str:
    requests = (
        b"POST /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    )
    answers = [web(arena, request, 12) for request in requests]
    assert not any("200" in answer for answer in answers), answers
    return "; ".join(answers)
