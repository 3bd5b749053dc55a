"""What code in a sandbox may try: functions for `assistant.host.sandbox`, to see that it does not succeed."""

import ctypes
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO

import msgspec


def read(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Yield what is in the file and return the parameters: what is allowed."""
    while data := file.read(65_536):
        yield data
    return parameters


def attempt(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Try what `parameters` name, of `ATTEMPTS`; return whether it was "done" or "refused"."""
    yield from ()
    try:
        ATTEMPTS[parameters.decode()]()
    except (OSError, RuntimeError, ValueError):
        return b"refused"
    return b"done"


def fill_memory(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Take 4 GB."""
    yield from ()
    return bytes(len(bytearray(2**32)) % 2)


def run_on(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Never end, and send nothing."""
    yield from ()
    while True:
        pass


def send_on(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Never end to send."""
    while True:
        yield bytes(2**20)


def die(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Send half of what was asked for, and crash."""
    yield b"half"
    ctypes.string_at(0)
    return b""


def send_nonsense(file: BinaryIO, parameters: bytes) -> Generator[bytes, None, bytes]:
    """Write on the pipe by itself what is no frame."""
    yield from ()
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\xff" * 1000)
        except OSError:
            continue
    return b""


def _map_executable() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    readable_writable_executable, private_anonymous = 7, 0x22
    if libc.mmap(None, 4096, readable_writable_executable, private_anonymous, -1, 0) == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), "mmap")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "read a file": lambda: Path("/etc/passwd").read_bytes(),
    "list a folder": lambda: os.listdir("/"),
    "write a file": lambda: Path("/tmp/stranger").write_text("x"),
    "read its own memory": lambda: os.open("/proc/self/mem", os.O_RDONLY),
    "make a socket": socket.socket,
    "make a socket pair": socket.socketpair,
    "start a program": lambda: os.execv("/bin/true", ["true"]),
    "start a process": os.fork,
    "start a thread": lambda: threading.Thread(target=int).start(),
    "end its parent": lambda: os.kill(os.getppid(), signal.SIGTERM),
    "have memory that is run": _map_executable,
    "raise its limits": lambda: __import__("resource").setrlimit(9, (2**40, 2**40)),
    "read its environment": lambda: Path("/proc/self/environ").read_bytes(),
}


def prepare() -> None:
    """Import what the attempts need."""
    __import__("resource")
    msgspec.json.encode({})
