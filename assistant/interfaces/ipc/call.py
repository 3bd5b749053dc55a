"""What the handler of a method sees: the daemon, the client that asks, and the request."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

import anyio
from msgspec import UNSET, Struct, UnsetType

from assistant.interfaces.base import Host
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.hub import EventHub
from assistant.interfaces.ipc.outbox import Outbox
from assistant.interfaces.ipc.recordings import Allowance, Recording
from assistant.interfaces.ipc.rpc import Id
from assistant.interfaces.net.stream import close_all

MAX_TRANSCRIPTIONS = 8
"""Recordings of all clients together that are received and recognised at a time; each may take 64 MiB."""


@dataclass
class Context:
    """What the requests of all clients share."""

    host: Host
    hub: EventHub = field(default_factory=EventHub)
    socket: str = ""
    """The path that is listened on."""
    clients: int = 0
    """Connections that are open."""
    allowance: Allowance = field(default_factory=Allowance)
    transcriptions: anyio.Semaphore = field(default_factory=lambda: anyio.Semaphore(MAX_TRANSCRIPTIONS))


class Client(Protocol):
    """The connection that a request came by."""

    asker: str
    """Who is at its other end, as `Question.asker`."""

    @property
    def outbox(self) -> Outbox:
        """What waits to be written to it."""

    def subscribe(self, wanted: Collection[str]) -> None:
        """Send the events with these names from now on, and no others."""

    def cancel(self, request: Id) -> bool:
        """Give up a request; whether it was under way."""

    def begin_recording(self, request: Id) -> Recording:
        """Take chunks for the request from now on, until it ends."""

    def recording(self, request: Id) -> Recording:
        """The recording that a request takes chunks for.

        Raises `AssistantError` (`ipc.invalid_params`) if there is no such request.
        """

    def after_answer(self, callback: Callable[[], None]) -> None:
        """Call `callback` once everything has been written, the answer to the present request included."""


class Call:
    """One request while it is carried out."""

    def __init__(self, context: Context, client: Client, id: Id | UnsetType, files: list[int]) -> None:
        """`files` are the descriptors that came with the request."""
        self.context = context
        self.client = client
        self.id = id
        self._files = files

    @property
    def host(self) -> Host:
        """The daemon."""
        return self.context.host

    def delta(self, text: str) -> None:
        """Send the next piece of a streamed answer, if the request has an id; returns at once."""
        if self.id is not UNSET:
            self.client.outbox.delta(self.id, text)

    def notify(self, method: str, params: Struct) -> None:
        """Send the latest about the request, if it has an id; what still waits is replaced."""
        if self.id is not UNSET:
            self.client.outbox.latest(self.id, rpc.notification(method, params))

    @property
    def has_file(self) -> bool:
        """Whether a file descriptor came with the request."""
        return bool(self._files)

    def take_file(self) -> int:
        """The next file descriptor that came with the request, from now on the caller's to close."""
        return self._files.pop(0)

    def close_files(self) -> None:
        """Close the file descriptors that the handler has not taken."""
        close_all(self._files)
