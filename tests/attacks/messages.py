"""What is no message, on the socket for other programs."""

import json
import os
import socket
import time
from contextlib import suppress

from tests.attacks.arena import Arena
from tests.attacks.attack import attack
from tests.attacks.line import code

MALFORMED = [
    b"{nonsense",
    b"[]",
    b"null",
    b'"status"',
    b"{}",
    b'{"jsonrpc": "1.0", "id": 1, "method": "status"}',
    b'{"jsonrpc": "2.0", "id": [1], "method": "status"}',
    b'{"jsonrpc": "2.0", "id": 1, "method": 5}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "status", "params": [1]}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "say", "params": {"text": 5}}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "volume", "params": {"level": 1e999}}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "volume", "params": {"level": NaN}}',
    b'{"jsonrpc": "2.0", "id": 1, "method": "say", "params": {"text": "\\ud800"}}',
    b"\xff\xfe\x00\x00",
]


@attack("1,400 malformed lines")
def malformed(arena: Arena) -> str:
    with arena.line() as line:
        line.send(b"\n".join(MALFORMED * 100) + b"\n")
        answers = [line.answer() for _ in range(1400)]
    assert all("error" in answer for answer in answers)
    return "1,400 errors on a connection that stays open"


@attack("a message of 64 MB without an end")
def endless(arena: Arena) -> str:
    with arena.line() as line:
        sent = line.send(b"a" * 2**26)
        assert sent < 2**25, f"{sent} bytes were taken"
        return f"{code(line.answer())}, hung up on"


@attack("JSON nested 100,000 deep")
def nested(arena: Arena) -> str:
    with arena.line() as line:
        line.send(b'{"jsonrpc": "2.0", "id": 1, "method": ' + b"[" * 100_000 + b"\n")
        return code(line.answer())


@attack("an object with 30,000 keys")
def keys(arena: Arena) -> str:
    params = {str(number): 0 for number in range(15_000)}
    with arena.line() as line:
        return code(line.call("status", **params))


@attack("a number of 200,000 digits as id")
def digits(arena: Arena) -> str:
    with arena.line() as line:
        line.send(b'{"jsonrpc": "2.0", "id": ' + b"9" * 200_000 + b', "method": "status"}\n')
        answer = line.read()
    return code(answer)


@attack("a megabyte of random bytes, ten times")
def random_bytes(arena: Arena) -> str:
    for _ in range(10):
        with arena.line(timeout_s=1) as line, suppress(TimeoutError):
            line.send(os.urandom(2**20))
    return "hung up on, or read no further until answers are taken"


@attack("a megabyte of line ends")
def line_ends(arena: Arena) -> str:
    with arena.line() as line:
        line.send(b"\n" * 2**20)
        assert "result" in line.call("status")
    return "ignored, status is answered after them"


@attack("half a message, then nothing", slow=True)
def half(arena: Arena) -> str:
    with arena.line(timeout_s=60) as line:
        line.send(b'{"jsonrpc": "2.0", "id": 1')
        began = time.monotonic()
        answer = line.answer()
    assert time.monotonic() - began < 45
    return f"{code(answer)} after {time.monotonic() - began:.0f} s"


@attack("a message that comes a byte a second", slow=True)
def dripping(arena: Arena) -> str:
    with arena.line() as line:
        began = time.monotonic()
        line.socket.settimeout(1.0)
        while time.monotonic() - began < 60:
            line.send(b" ")
            try:
                return f"{code(line.answer())} after {time.monotonic() - began:.0f} s"
            except TimeoutError:
                continue
    raise AssertionError("a minute later it was still waited for")


@attack("a byte order mark, CRLF, and no last line end before half-close")
def editors(arena: Arena) -> str:
    request = b'{"jsonrpc": "2.0", "id": 1, "method": "status"}'
    with arena.line() as line:
        line.send(b"\xef\xbb\xbf" + request + b"\r\n" + request)
        line.socket.shutdown(socket.SHUT_WR)
        assert "result" in line.answer()
        assert "result" in line.answer()
    return "both are answered"


@attack("10,000 requests in one piece, and no answer read")
def unread(arena: Arena) -> str:
    with arena.line(timeout_s=2) as line:
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "metrics"}).encode() + b"\n"
        try:
            sent = line.send(request * 10_000)
        except TimeoutError:
            sent = 0
    return f"reading stops until answers are taken ({sent or 'not all'} bytes were sent)" if not sent else "answered"


@attack("cancel for requests that there are not, 5,000 times")
def cancels(arena: Arena) -> str:
    with arena.line() as line:
        for number in range(5000):
            line.begin("cancel", request=number)
            if number % 100 == 99:
                for _ in range(100):
                    assert line.answer()["result"] == {"cancelled": False}
    return "answered"


@attack("the same id for sixteen requests at once")
def same_id(arena: Arena) -> str:
    with arena.line() as line:
        for _ in range(16):
            line.begin("transcribe", id=1, source="chunks")
        codes = {code(line.answer()) for _ in range(15)}
    assert codes == {"ipc.invalid_request"}, codes
    return "ipc.invalid_request for fifteen"


@attack("a reader who wants to end the daemon")
def forbidden(arena: Arena) -> str:
    codes = set()
    for method in ("shutdown", "reload", "say", "mute", "history.clear", "transcribe"):
        with arena.as_nobody(), arena.line() as line:
            codes.add(code(line.call(method, **({"text": "x"} if method == "say" else {}))))
    assert codes == {"ipc.forbidden"}, codes
    return "ipc.forbidden"


@attack("200 questions whose askers hang up at once")
def hanging_up(arena: Arena) -> str:
    for number in range(200):
        with arena.line() as line:
            line.begin("ask", id=number, text="What is the capital of France?")
    return "given up"


@attack("a reload 200 times in a row", alone=True)
def reloads(arena: Arena) -> str:
    with arena.line() as line:
        for number in range(200):
            line.begin("reload", id=number)
        codes = {code(line.answer()) for _ in range(200)}
    assert codes <= {"ok", "ipc.busy"}, codes
    return "16 at a time, the rest ipc.busy" if "ipc.busy" in codes else "followed"


@attack("volume and mute 2,000 times", alone=True)
def switches(arena: Arena) -> str:
    with arena.line() as line:
        for number in range(1000):
            line.call("volume", level=number % 2)
            line.call("mute", muted=number % 2 == 0)
        line.call("volume", level=1.0)
        line.call("mute", muted=False)
    return "each takes effect"


@attack("history of 10^18 exchanges asked for")
def history(arena: Arena) -> str:
    with arena.line() as line:
        return code(line.call("history.get", limit=10**18))
