"""File descriptors that come over the socket and are no recordings."""

import os
import pty
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tests.attacks.arena import Arena
from tests.attacks.attack import attack
from tests.attacks.line import code


def recognised(arena: Arena, file: int, **params: object) -> str:
    """The code that the recognition of `file` ends with; it is closed here."""
    try:
        with arena.line() as line:
            line.begin("transcribe", files=[file], **params)
            return code(line.answer())
    finally:
        os.close(file)


def given_up(arena: Arena, file: int, seconds: float) -> str:
    """Have `file` recognised, give it up after `seconds`, and return the code of the answer."""
    try:
        with arena.line() as line:
            line.begin("transcribe", id=7, files=[file])
            time.sleep(seconds)
            line.begin("cancel", id=8, request=7)
            answers = {answer["id"]: answer for answer in (line.answer(), line.answer())}
            return code(answers[7])
    finally:
        os.close(file)


@attack("four descriptors with a request that takes none, 2,000 times")
def unclaimed(arena: Arena) -> str:
    with arena.line() as line:
        for _ in range(2000):
            line.begin("status", files=[0, 1, 2, 0])
            line.answer()
    return "closed"


@attack("200 descriptors at once")
def many(arena: Arena) -> str:
    with arena.line() as line:
        line.begin("status", files=[0] * 200)
        line.answer()
    return "closed"


@attack("descriptors without a request")
def without_request(arena: Arena) -> str:
    with arena.line() as line:
        for _ in range(500):
            socket.send_fds(line.socket, [b"\n"], [0, 1])
        assert "result" in line.call("status")
        return "closed"


@attack("a pipe that somebody else reads too")
def shared_pipe(arena: Arena) -> str:
    reading, writing = os.pipe()
    os.set_blocking(reading, True)
    rival = os.dup(reading)
    ends = threading.Event()

    def read() -> None:
        while not ends.is_set():
            os.read(rival, 1)

    def write() -> None:
        with suppress(BrokenPipeError):
            while not ends.is_set():
                os.write(writing, b"x")
                time.sleep(0.001)

    threads = [threading.Thread(target=read, daemon=True), threading.Thread(target=write, daemon=True)]
    for thread in threads:
        thread.start()
    try:
        return f"the loop goes on; {given_up(arena, reading, 2.0)}"
    finally:
        ends.set()
        os.write(writing, b"xx")
        for thread in threads:
            thread.join()
        os.close(writing)
        os.close(rival)


@attack("a FIFO that nobody writes")
def silent_fifo(arena: Arena) -> str:
    path = arena.home / "fifo"
    os.mkfifo(path)
    try:
        return given_up(arena, os.open(path, os.O_RDWR), 1.0)
    finally:
        path.unlink()


def _device(name: str) -> Callable[[Arena], str]:
    def carry_out(arena: Arena) -> str:
        return recognised(arena, os.open(name, os.O_RDONLY))

    return carry_out


for name in ("/dev/zero", "/dev/urandom", "/dev/null", "/proc/self/mem", "/"):
    attack(f"{name} as a recording")(_device(name))


@attack("bare samples from /dev/zero without an end")
def endless_samples(arena: Arena) -> str:
    return recognised(arena, os.open("/dev/zero", os.O_RDONLY), encoding="s16le")


@attack("a socket as a recording")
def socket_file(arena: Arena) -> str:
    ours, theirs = socket.socketpair()
    with ours:
        return given_up(arena, theirs.detach(), 1.0)


@attack("a terminal as a recording")
def terminal(arena: Arena) -> str:
    master, slave = pty.openpty()
    try:
        return given_up(arena, slave, 1.0)
    finally:
        os.close(master)


@attack("a file of 1 TB that is all holes")
def sparse(arena: Arena) -> str:
    memory = os.memfd_create("sparse")
    os.truncate(memory, 2**40)
    return recognised(arena, memory)


@attack("a file that is cut while it is read")
def shrinking(arena: Arena) -> str:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(2**25))
        file.seek(0)
        with arena.line() as line:
            line.begin("transcribe", files=[file.fileno()])
            file.truncate(100)
            return code(line.answer())


@attack("a descriptor that may only be written")
def write_only(arena: Arena) -> str:
    return recognised(arena, os.open("/dev/null", os.O_WRONLY))
