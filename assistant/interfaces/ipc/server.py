"""The server of the socket: checks who connects, counts the connections and serves each."""

import logging
import os
import socket
from collections import Counter
from contextlib import suppress

import anyio
from anyio.abc import TaskStatus

from assistant.config.schema import Ipc
from assistant.errors import AssistantError, Code
from assistant.interfaces.base import Host
from assistant.interfaces.ipc import rpc
from assistant.interfaces.ipc.access import Access, Peer, Right, peer_of
from assistant.interfaces.ipc.call import Context
from assistant.interfaces.ipc.connection import Connection
from assistant.interfaces.ipc.methods import METHODS
from assistant.interfaces.net.stream import SocketStream, serve

log = logging.getLogger(__name__)

RESERVED_SHARE = 8
"""Of the connections the eighth part is for the owner and root alone; another user has at most half."""

REFUSAL_S = 1.0
"""Seconds that a client that is refused has to read why."""


class IpcServer:
    """Serves the methods on the parts of a running daemon, to as many clients as its configuration says."""

    def __init__(self, host: Host, *, owner: int | None = None) -> None:
        """`owner`: as `Access`."""
        self._host = host
        self._owner = owner
        self._context = Context(host)
        self._max_clients = host.config.ipc.max_clients
        self._access_as_of: tuple[Ipc, Access] | None = None
        self._by_user: Counter[int] = Counter()
        """Connections that are open, by the user at the other end."""

    @property
    def clients(self) -> int:
        """Connections that are open."""
        return self._context.clients

    @property
    def dropped(self) -> int:
        """Events that did not reach a client because it read too slowly."""
        return self._context.hub.dropped

    async def serve(
        self, listener: socket.socket, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Accept connections on `listener` until it is cancelled; then all of them are closed."""
        self._context.socket = str(listener.getsockname())
        with self._host.bus.subscribe(self._context.hub.take):
            await serve(listener, self._welcome, task_status=task_status)

    async def _welcome(self, stream: SocketStream) -> None:
        self._context.clients += 1
        try:
            async with stream:
                peer = peer_of(stream.socket)
                right = self._access().right(peer)
                self._by_user[peer.uid] += 1
                try:
                    await self._serve(stream, peer, right)
                finally:
                    self._by_user[peer.uid] -= 1
        except Exception:
            log.exception("ipc: a connection failed")  # a defect, which the conversation has nothing to do with
        finally:
            self._context.clients -= 1

    async def _serve(self, stream: SocketStream, peer: Peer, right: Right) -> None:
        refusal = self._refusal(peer, right)
        if refusal is not None:
            await self._refuse(stream, refusal)
        else:
            await Connection(stream, right, METHODS, self._context, asker=f"user {peer.uid}").serve()

    def _access(self) -> Access:
        """As the configuration has it by now; names are looked up once."""
        ipc = self._host.config.ipc
        if self._access_as_of is None or self._access_as_of[0] is not ipc:
            self._access_as_of = ipc, Access(ipc.control, ipc.read, owner=self._owner)
        return self._access_as_of[1]

    def _refusal(self, peer: Peer, right: Right) -> AssistantError | None:
        if right is Right.NOTHING:
            log.warning("ipc: user %d (process %d) may not use the socket", peer.uid, peer.pid)
            return AssistantError(
                Code.IPC_FORBIDDEN,
                f"user {peer.uid} may not use this socket; ipc.control and ipc.read in the configuration name who may",
            )
        reserve = self._max_clients // RESERVED_SHARE if self._is_stranger(peer) else 0
        if self.clients > max(1, self._max_clients - reserve):
            log.warning("ipc: more than %d clients; process %d is refused", self._max_clients, peer.pid)
            return AssistantError(Code.IPC_BUSY, f"{self._max_clients} clients are connected already (ipc.max_clients)")
        if self._is_stranger(peer) and self._by_user[peer.uid] > max(1, self._max_clients // 2):
            log.warning("ipc: user %d has more than half of the connections; process %d is refused", peer.uid, peer.pid)
            return AssistantError(
                Code.IPC_BUSY, f"user {peer.uid} has {self._max_clients // 2} connections already (ipc.max_clients)"
            )
        return None

    def _is_stranger(self, peer: Peer) -> bool:
        """Whether it is neither the owner nor root, who must be let in when others misbehave."""
        return peer.uid not in (0, os.getuid() if self._owner is None else self._owner)

    async def _refuse(self, stream: SocketStream, refusal: AssistantError) -> None:
        self._host.count_request("none", refusal.code)
        with anyio.move_on_after(REFUSAL_S), suppress(anyio.BrokenResourceError):
            await stream.send(rpc.failure(None, refusal))
