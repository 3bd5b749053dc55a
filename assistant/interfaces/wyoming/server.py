"""Where Wyoming clients connect, and the satellites that are connected to."""

import logging
from contextlib import ExitStack, suppress
from pathlib import Path

import anyio
from anyio.abc import TaskStatus
from wyoming.error import Error
from wyoming.satellite import RunSatellite

from assistant.errors import AssistantError, Code, single_error
from assistant.interfaces.base import Host
from assistant.interfaces.net import tcp
from assistant.interfaces.net.stream import SocketStream, connect, serve
from assistant.interfaces.net.unix_socket import listening
from assistant.interfaces.wyoming.conversations import Conversations
from assistant.interfaces.wyoming.discovery import announce, is_announced
from assistant.interfaces.wyoming.session import Session
from assistant.interfaces.wyoming.wire import Stream, Wire

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 60.0
"""Between two attempts to reach a satellite; doubled each time."""

IDLE_S = 5.0
"""Seconds after which a client that wants nothing has to go when there are too many: it can come again."""

UNIX = "unix://"


class WyomingServer:
    """Listens on `wyoming.listen` and connects to `wyoming.satellites`, as far as they are configured."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self._settings = host.config.wyoming
        self._conversations = Conversations(host)
        self._sessions: dict[Session, anyio.CancelScope] = {}

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until it is cancelled. Raises `AssistantError` (`wyoming.unavailable`) when the address is taken."""
        settings = self._settings
        async with anyio.create_task_group() as tasks:
            for address in settings.satellites:
                if not address.startswith(UNIX):
                    tcp.host_and_port(address)  # a mistake is found now
                tasks.start_soon(self._attend, address)
            if settings.listen:
                await tasks.start(self._listen, settings.listen)
            task_status.started()

    async def _listen(self, address: str, *, task_status: TaskStatus[None]) -> None:
        if address.startswith(UNIX):
            with ExitStack() as listeners:
                try:
                    listener = listeners.enter_context(listening(Path(address.removeprefix(UNIX))))
                except AssistantError as error:
                    raise AssistantError(
                        Code.WYOMING_UNAVAILABLE, f"wyoming.listen {address}: {error.message}"
                    ) from error
                await serve(listener, self._welcome, task_status=task_status)
        else:
            await self._listen_on_network(address, task_status)

    async def _listen_on_network(self, address: str, task_status: TaskStatus[None]) -> None:
        if tcp.host_and_port(address)[0] not in tcp.LOOPBACK:
            log.warning(
                "wyoming: every machine that reaches %s may listen and speak here; there is no password", address
            )
        async with tcp.listening_on(address) as listeners, anyio.create_task_group() as accepting:
            for listener in listeners:
                accepting.start_soon(serve, listener, self._welcome)
            if is_announced(self._settings):
                accepting.start_soon(announce, address)
            task_status.started()

    async def _welcome(self, stream: SocketStream) -> None:
        self.host.wyoming_clients += 1
        try:
            async with stream:
                if self.host.wyoming_clients > self._settings.max_clients and not self._make_room():
                    await self._refuse(stream)
                else:
                    await self._serve(stream, _peer(stream), remembers=False)
        finally:
            self.host.wyoming_clients -= 1

    async def _serve(self, stream: Stream, room: str, *, remembers: bool, keep_asking: bool = False) -> None:
        """`room` is what the client's room is called, if it is a satellite."""
        session = Session(Wire(stream), self.host, self._conversations, room, remembers=remembers)
        self._sessions[session] = scope = anyio.CancelScope()
        try:
            with scope, single_error():
                await session.run(keep_asking=keep_asking)
        except AssistantError as error:
            log.warning("wyoming: room %s has failed: %s", room, error.message)
        except Exception:
            log.exception("wyoming: a connection failed")  # a defect, which the room has nothing to do with
        finally:
            del self._sessions[session]

    def _make_room(self) -> bool:
        """End the session of the client that has wanted nothing for the longest time; whether there is one."""
        idle = [
            session
            for session in self._sessions
            if session.idle_s > IDLE_S and not self._sessions[session].cancel_called
        ]
        if not idle:
            return False
        self._sessions[max(idle, key=lambda session: session.idle_s)].cancel()
        return True

    async def _refuse(self, stream: Stream) -> None:
        most = self._settings.max_clients
        log.warning("wyoming: more than %d clients", most)
        with suppress(anyio.BrokenResourceError):
            wire = Wire(stream)
            text = f"{most} clients are connected already (wyoming.max_clients)"
            await wire.send(Error(text=text, code=Code.WYOMING_BUSY.value).event())
            await wire.discard()

    async def _attend(self, address: str) -> None:
        """Stay connected to a satellite."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                async with await _connect(address) as stream:
                    log.info("wyoming: satellite %s is connected", address)
                    pause = FIRST_PAUSE_S
                    await Wire(stream).send(RunSatellite().event())
                    await self._serve(stream, room_name(address), remembers=True, keep_asking=True)
                log.info("wyoming: satellite %s has gone", address)
            except (OSError, anyio.BrokenResourceError) as error:
                log.debug("wyoming: satellite %s: %s", address, error)
            await anyio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_S)


def room_name(address: str) -> str:
    """Name the room of the satellite at `address`: its machine's name without domain, or its socket's."""
    if address.startswith(UNIX):
        return Path(address).stem
    host = tcp.host_and_port(address)[0]
    is_name = any(character.isalpha() for character in host) and ":" not in host
    return host.partition(".")[0] if is_name else host


def _peer(stream: SocketStream) -> str:
    """Name the room of a satellite that has connected: its address, which another one may have next time."""
    name = stream.socket.getpeername()
    return str(name[0]) if isinstance(name, tuple) else "satellite"


async def _connect(address: str) -> Stream:
    if address.startswith(UNIX):
        return await connect(Path(address.removeprefix(UNIX)))
    return await tcp.connect_to(address)
