"""The client for programs that block: one thread, plain sockets."""

import socket
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from assistant.client.protocol import Answer, Event, Progress, Protocol, ask_params, gone, unreachable
from assistant.interfaces.net import unix_socket
from assistant.interfaces.net.stream import READ_BYTES

CONNECT_S = 10.0
"""Seconds for connecting; the daemon accepts at once, even while it loads its models."""


class Client:
    """A connection to the daemon, for one thread."""

    def __init__(self, path: Path | None = None) -> None:
        """Connect to the socket at `path`; None finds it as `unix_socket.find` does.

        Raises `AssistantError` (`ipc.unavailable`) when there is no daemon.
        """
        path = path or unix_socket.find()
        self._protocol = Protocol()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(CONNECT_S)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise unreachable(path, error.strerror or str(error)) from error
        self._socket.settimeout(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up: the daemon gives up what is under way."""
        self._socket.close()

    def call(self, method: str, **params: Any) -> Any:
        """Carry out `method` and return its result. Raises `AssistantError` as the daemon says."""
        with closing(self._replies(method, params)) as replies:
            for reply in replies:
                if isinstance(reply, Answer):
                    return reply.result
        raise gone()

    def ask(self, text: str, *, speak: bool = False, room: str = "") -> Generator[str, None, None]:
        """Yield the answer to a question, piece by piece, while it is being written.

        `room` is the one to ask in, empty for the machine's own. Closing it before the end gives the question up.
        """
        with closing(self._replies("ask", ask_params(text, speak=speak, room=room))) as replies:
            for reply in replies:
                if isinstance(reply, Progress) and reply.name == "ask.delta":
                    yield reply.params["text"]

    def events(self, *names: str) -> Iterator[Event]:
        """Subscribe, and return what happens from now on, without end; no `names` for all events but `level`.

        An event is a dictionary whose `event` is its name; `lagged` is one too, with how many were `dropped`.
        """
        self.call("subscribe", events=list(names) or None)
        return self._happening()

    def _happening(self) -> Iterator[Event]:
        while True:
            event = self._protocol.next_event()
            if event is not None:
                yield event
            else:
                self._receive()

    def _replies(self, method: str, params: dict[str, Any]) -> Generator[Progress | Answer, None, None]:
        """Yield what comes for a request, its answer at last; closing gives it up."""
        number, line = self._protocol.begin(method, params)
        try:
            self._send(line)
            while True:
                reply = self._protocol.next_reply(number)
                if reply is None:
                    self._receive()
                    continue
                yield reply
                if isinstance(reply, Answer):
                    return
        finally:
            self._send(self._protocol.end(number))

    def _send(self, data: bytes) -> None:
        with suppress(OSError):  # what the daemon sent before it hung up says why
            self._socket.sendall(data)

    def _receive(self) -> None:
        """Wait for what the daemon sends next."""
        try:
            self._protocol.receive(self._socket.recv(READ_BYTES))
        except ConnectionError:
            self._protocol.receive(b"")
