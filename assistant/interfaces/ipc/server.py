"""The socket: who connects is checked, counted and served."""

import logging
import socket
from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio.abc import TaskStatus

from assistant.errors import AssistantError, Code
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.access import Access, Peer, Right, peer_of
from assistant.interfaces.ipc.connection import Connection, Handlers
from assistant.interfaces.ipc.hub import EventHub
from assistant.interfaces.net.stream import Connected, serve

log = logging.getLogger(__name__)

REFUSAL_S = 1.0
"""How long somebody who is refused may take to read it."""


def ignore(method: str, result: str) -> None:
    """Counts nothing."""


class IpcServer:
    """Serves `handlers` to those whom `access`, asked anew for each, lets in, at most `max_clients` at a time."""

    def __init__(
        self,
        handlers: Handlers,
        access: Callable[[], Access],
        hub: EventHub,
        *,
        max_clients: int,
        count: Callable[[str, str], None] = ignore,
    ) -> None:
        """`count`: as `Connection`."""
        self._access = access
        self.clients = 0
        self._handlers = handlers
        self._hub = hub
        self._max_clients = max_clients
        self._count = count

    async def serve(
        self, listener: socket.socket, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Accept connections on `listener` until it is cancelled; then all of them are closed."""
        await serve(listener, self._welcome, task_status=task_status)

    async def _welcome(self, stream: Connected) -> None:
        self.clients += 1
        try:
            async with stream:
                peer = peer_of(stream.socket)
                right = self._access().right(peer)
                refusal = self._refusal(peer, right)
                if refusal is not None:
                    await self._refuse(stream, refusal)
                else:
                    await Connection(stream, right, self._handlers, self._hub, self._count).serve()
        except Exception:
            log.exception("ipc: a connection failed")  # a defect, which the conversation has nothing to do with
        finally:
            self.clients -= 1

    def _refusal(self, peer: Peer, right: Right) -> AssistantError | None:
        if right is Right.NOTHING:
            log.warning("ipc: user %d (process %d) may not use the socket", peer.uid, peer.pid)
            return AssistantError(
                Code.IPC_FORBIDDEN,
                f"user {peer.uid} may not use this socket; ipc.control and ipc.read in the configuration name who may",
            )
        if self.clients > self._max_clients:
            log.warning("ipc: more than %d clients; process %d is refused", self._max_clients, peer.pid)
            return AssistantError(Code.IPC_BUSY, f"{self._max_clients} clients are connected already (ipc.max_clients)")
        return None

    async def _refuse(self, stream: Connected, refusal: AssistantError) -> None:
        self._count("none", refusal.code)
        with anyio.move_on_after(REFUSAL_S), suppress(anyio.BrokenResourceError):
            await stream.send(rpc.failure(None, refusal))
