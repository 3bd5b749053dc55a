"""Too many connections, and connections that only hold what others need."""

import base64
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from tests.attacks.arena import Arena
from tests.attacks.attack import attack
from tests.attacks.line import Line, code


@contextmanager
def crowd(arena: Arena, size: int) -> Iterator[list[Line]]:
    """Up to `size` connections of another user, as many as are let in."""
    with ExitStack() as lines:
        found = []
        with arena.as_nobody():
            for _ in range(size):
                with suppress(OSError):
                    found.append(lines.enter_context(arena.line()))
        yield found


@attack("600 connections of another user that say nothing")
def idle(arena: Arena) -> str:
    with crowd(arena, 600):
        time.sleep(0.5)
        assert arena.code("status") == "ok", "the owner was shut out"
    return "the owner is let in"


@attack("600 subscribers who never read")
def deaf(arena: Arena) -> str:
    with crowd(arena, 600) as lines:
        for line in lines:
            with suppress(OSError):
                line.begin("subscribe", events=["level"])
        time.sleep(3)
        assert arena.code("status") == "ok", "the owner was shut out"
    return "events for them are dropped"


@attack("300 clients that ask for the metrics again and again")
def metrics(arena: Arena) -> str:
    with crowd(arena, 300) as lines:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            for line in lines:
                with suppress(OSError):
                    line.begin("metrics")
            for line in lines:
                with suppress(OSError, EOFError):
                    line.answer()
    return "answered"


@attack("5,000 connections, one after another")
def churn(arena: Arena) -> str:
    for _ in range(5000):
        with arena.line():
            pass
    return "forgotten"


@attack("recordings in chunks, sent to a request that takes none")
def unwanted_chunks(arena: Arena) -> str:
    audio = base64.b64encode(bytes(150_000)).decode()
    codes: dict[str, int] = {}
    with arena.line() as line:
        line.begin("ask", id="q", text="Tell me a long story.")
        for number in range(300):
            line.begin("transcribe.chunk", id=number, request="q", audio=audio)
            while (answer := line.answer())["id"] == "q":
                pass
            codes[code(answer)] = codes.get(code(answer), 0) + 1
    assert "ok" not in codes, codes
    return f"{', '.join(codes)}; nothing is kept"


@attack("recordings in chunks for sixteen requests that never end")
def unfinished_recordings(arena: Arena) -> str:
    audio = base64.b64encode(bytes(150_000)).decode()
    refused = taken = 0
    with arena.line() as line:
        for number in range(16):
            line.begin("transcribe", id=f"r{number}", source="chunks", encoding="file")
        for number in range(1600):
            line.begin("transcribe.chunk", id=number, request=f"r{number % 16}", audio=audio)
            while not isinstance((answer := line.answer())["id"], int):
                pass
            taken += "result" in answer
            refused += "error" in answer
    assert refused > 0, f"all {taken * 150_000 / 1e6:.0f} MB were kept"
    return f"{taken * 150_000 / 1e6:.0f} MB kept, then refused"


@attack("a hundred announcements of 100,000 characters wait", alone=True)
def announcements(arena: Arena) -> str:
    codes: dict[str, int] = {}
    with ExitStack() as lines:
        for _ in range(100):
            line = lines.enter_context(arena.line())
            line.begin("say", text="Attention please. " * 5000)
            with suppress(TimeoutError):
                line.socket.settimeout(0.02)
                answer = code(line.answer())
                codes[answer] = codes.get(answer, 0) + 1
        arena.call("stop", waiting=True)
    return f"{codes.get('ipc.busy', 0)} refused: {', '.join(codes)}; the rest stopped" if codes else "stopped"
