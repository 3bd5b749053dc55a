"""The child's side of `assistant.host.sandbox`: `python -m assistant.host.confined MODULE FUNCTION FILE`.

It imports what the function needs, gives up everything, says so, and only then reads its parameters. Frames to the
parent are a letter, the length of four bytes, and as many bytes: `r` for ready (what is in force, as JSON), `p` for a
piece, `e` for the end (what the function returns), `x` for an `AssistantError`.
"""

import ctypes
import importlib
import os
import resource
import signal
import struct
import sys
from collections.abc import Callable, Generator
from typing import BinaryIO

import msgspec

from assistant.errors import AssistantError
from assistant.host import landlock, seccomp

HEAD = struct.Struct("<cI")

PR_SET_PDEATHSIG = 1

Function = Callable[[BinaryIO, bytes], Generator[bytes, None, bytes]]
"""Gets the file and its parameters, yields pieces, and returns the last word. May raise `AssistantError`.

Its module may have a function `prepare`, which does once, before everything is given up, all that the function does:
Python imports parts of the standard library at their first use.
"""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a child may use."""

    memory_bytes: int
    """Of address space, its libraries included."""
    processor_s: int


class InForce(msgspec.Struct, frozen=True):
    """What the kernel forbids the child."""

    landlock: int
    """The version of the interface; 0 for none."""
    seccomp: bool


def main(module: str, function: str, file: str) -> None:
    """Serve the parent once. The limits come first, then, when everything is given up, the parameters."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    ours, theirs = os.fdopen(0, "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what a library prints is no frame
    limits = msgspec.json.decode(_received(ours), type=Limits)
    found = importlib.import_module(module)
    work: Function = getattr(found, function)
    getattr(found, "prepare", lambda: None)()
    with os.fdopen(int(file), "rb") as source:
        _send(theirs, b"r", msgspec.json.encode(_confine(limits)))
        try:
            last = _work(work(source, _received(ours)), theirs)
        except AssistantError as error:
            _send(theirs, b"x", msgspec.json.encode((error.code.value, error.message)))
        except MemoryError:
            os._exit(OUT_OF_MEMORY)
        else:
            _send(theirs, b"e", last)
    os._exit(0)  # libraries that tidy up might need what was given up


OUT_OF_MEMORY = 42
"""Exit status of a child that got no more memory."""


def _confine(limits: Limits) -> InForce:
    for kind, limit in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.processor_s),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (limit, limit))
    try:
        version = landlock.restrict(())
    except OSError:
        version = 0
    try:
        supported = seccomp.is_supported()
        if supported:
            seccomp.only_compute()
    except OSError:
        supported = False
    return InForce(version, supported)


def _work(pieces: Generator[bytes, None, bytes], out: BinaryIO) -> bytes:
    while True:
        try:
            _send(out, b"p", next(pieces))
        except StopIteration as end:
            last: bytes = end.value
            return last


def _send(out: BinaryIO, kind: bytes, content: bytes) -> None:
    rest = memoryview(HEAD.pack(kind, len(content)) + content)
    while rest:
        rest = rest[out.write(rest) :]


def _received(source: BinaryIO) -> bytes:
    (size,) = struct.unpack("<I", _exactly(source, 4))
    return _exactly(source, size)


def _exactly(source: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size:
        if not (more := source.read(size - len(data))):
            raise EOFError  # the parent has gone
        data += more
    return data


if __name__ == "__main__":
    main(*sys.argv[1:])
