"""Work on what strangers made, in a child that may nothing: no file, no network, no program, little memory and time.

A file that kills its decoder, fills the memory or takes it over must not do so beside the microphone. The child is
another Python that has imported what it needs and given up the rest (`assistant.host.confined`); it gets one file, open
already, and whatever it sends is checked here.
"""

import os
import select
import signal
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from typing import IO

import msgspec

from assistant.blocking import StopFlag
from assistant.errors import AssistantError, Code
from assistant.host import children
from assistant.host.confined import HEAD, OUT_OF_MEMORY, InForce, Limits

__all__ = ["Failure", "InForce", "Limits", "SandboxError", "Stopped", "work_confined"]

MAX_FRAME = 2**22
"""Bytes of one frame."""

POLL_S = 0.02
"""Between two looks at the stop flag."""

PIPE_BYTES = 2**20
"""Of the pipe from the child: a larger one takes fewer switches between the two."""

ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""One thread: each would take address space, and none can be started once it is confined."""


class Failure(Enum):
    """Why a child ended without a result."""

    MEMORY = "it takes too much memory"
    TIME = "it takes too long"
    SIZE = "its result is too large"
    CRASH = "it ends the program that reads it"


class SandboxError(Exception):
    """The child ended without a result."""

    def __init__(self, failure: Failure, detail: str) -> None:
        super().__init__(f"{failure.value} ({detail})")
        self.failure = failure


class Stopped(Exception):
    """The stop flag was set; the child has been killed."""


def work_confined(
    module: str,
    function: str,
    file: int,
    parameters: bytes,
    *,
    limits: Limits,
    max_bytes: int,
    within_s: float,
    stop: StopFlag,
    begun: Callable[[InForce], None] = lambda in_force: None,
) -> Iterator[bytes]:
    """Run `function` of our `module` on the open `file`, yield its pieces, at last what it returns.

    `begun` is told what the kernel forbids the child. It is killed, and waited for, however this ends. Raises
    `AssistantError` as the function does, `SandboxError`, and `Stopped` once `stop` is set.
    """
    child = children.converse(
        children.own_module("assistant.host.confined", module, function, str(file)),
        pass_fds=[file],
        changes=ENVIRONMENT,
        pipe_bytes=PIPE_BYTES,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    frames = _Frames(child.stdout, time.monotonic() + within_s, stop)
    try:
        with suppress(BrokenPipeError):
            for message in (msgspec.json.encode(limits), parameters):
                child.stdin.write(struct.pack("<I", len(message)) + message)
            child.stdin.flush()
        yield from _results(child, frames, max_bytes, begun)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
        with suppress(BrokenPipeError):
            child.stdin.close()


def _results(
    child: children.Child, frames: "_Frames", max_bytes: int, begun: Callable[[InForce], None]
) -> Iterator[bytes]:
    total = 0
    while True:
        kind, content = frames.next() or _end_of(child)
        match kind:
            case b"r":
                begun(msgspec.json.decode(content, type=InForce))
            case b"p":
                total += len(content)
                if total > max_bytes:
                    raise SandboxError(Failure.SIZE, f"more than {max_bytes // 2**20} MiB")
                yield content
            case b"e":
                yield content
                return
            case b"x":
                code, message = msgspec.json.decode(content, type=tuple[Code, str])
                raise AssistantError(code, message)
            case _:
                raise SandboxError(Failure.CRASH, "what it sent makes no sense")


class _Frames:
    """Frames from the child, up to a deadline."""

    def __init__(self, source: IO[bytes], deadline: float, stop: StopFlag) -> None:
        self._source = source.fileno()
        self._deadline = deadline
        self._stop = stop
        self._poll = select.poll()
        self._poll.register(self._source, select.POLLIN)
        self._unread = bytearray()

    def next(self) -> tuple[bytes, bytes] | None:
        """Return the next frame; None when the child has ended."""
        if not self._fill(HEAD.size):
            return None
        kind, size = HEAD.unpack_from(self._unread)
        if size > MAX_FRAME:
            raise SandboxError(Failure.CRASH, "what it sent makes no sense")
        if not self._fill(HEAD.size + size):
            return None
        content = bytes(self._unread[HEAD.size : HEAD.size + size])
        del self._unread[: HEAD.size + size]
        return kind, content

    def _fill(self, size: int) -> bool:
        while len(self._unread) < size:
            self._wait()
            received = os.read(self._source, PIPE_BYTES)
            if not received:
                return False
            self._unread += received
        return True

    def _wait(self) -> None:
        while True:
            if self._stop.is_set():
                raise Stopped
            if time.monotonic() > self._deadline:
                raise SandboxError(Failure.TIME, "the clock")
            if self._poll.poll(POLL_S * 1000):
                return


def _end_of(child: children.Child) -> tuple[bytes, bytes]:
    """Raise what the end of a child means that has not said why."""
    status = child.wait()
    if status == OUT_OF_MEMORY:
        raise SandboxError(Failure.MEMORY, "its limit")
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        raise SandboxError(Failure.TIME, "processor time")
    name = signal.Signals(-status).name if status < 0 else f"status {status}"
    raise SandboxError(Failure.CRASH, name)
