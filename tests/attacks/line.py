"""A client of the daemon's socket that can break every rule, and never waits without end."""

import array
import json
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 30.0
"""Seconds that an answer may take on a machine that an attack keeps busy."""


class Line:
    """A connection to the socket at `path`. Raises `OSError` where there is none, `EOFError` when it was closed."""

    def __init__(self, path: Path, timeout_s: float = PATIENCE_S) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout_s)
        ends_at = time.monotonic() + timeout_s
        while True:
            try:
                self.socket.connect(str(path))
            except BlockingIOError:  # the queue of those that wait to be let in is full
                if time.monotonic() > ends_at:
                    self.socket.close()
                    raise
                time.sleep(0.005)
            except OSError:
                self.socket.close()
                raise
            else:
                break
        self._unread = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Carry out `method` and return the whole answer, a result or an error; notifications are left out."""
        self.begin(method, **params)
        return self.answer()

    def begin(self, method: str, *, id: object = 1, files: Sequence[int] = (), **params: Any) -> None:
        """Send a request, with file descriptors, and do not wait."""
        line = json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).encode() + b"\n"
        passed = array.array("i", files)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)] if files else []
        sent = self.socket.sendmsg([line], ancillary)
        self.socket.sendall(line[sent:])

    def send(self, data: bytes) -> int:
        """Send as much of `data` as is taken before the daemon hangs up; return how much."""
        sent = 0
        with suppress(BrokenPipeError, ConnectionResetError):
            while sent < len(data):
                sent += self.socket.send(data[sent : sent + 65_536])
        return sent

    def answer(self) -> dict[str, Any]:
        """Return the next answer."""
        while True:
            message = self.read()
            if "id" in message:
                return message

    def event(self, name: str) -> dict[str, Any]:
        """Return the next event of this name, once subscribed."""
        while True:
            message = self.read()
            if message.get("method") == "event" and message["params"]["event"] == name:
                found: dict[str, Any] = message["params"]
                return found

    def read(self) -> dict[str, Any]:
        """Return the next message."""
        while b"\n" not in self._unread:
            if not (received := self.socket.recv(65_536)):
                raise EOFError
            self._unread += received
        line, _, self._unread = self._unread.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


def code(answer: dict[str, Any]) -> str:
    """The stable code of the error that `answer` is, or "ok"."""
    return str(answer["error"]["data"]["code"]) if "error" in answer else "ok"
