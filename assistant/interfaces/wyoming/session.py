"""One Wyoming client: its events one after another, each for the service that understands it."""

import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup
from wyoming.error import Error
from wyoming.event import Event
from wyoming.ping import Ping, Pong

from assistant.errors import AssistantError, Code
from assistant.interfaces.base import Host
from assistant.interfaces.wyoming import describe
from assistant.interfaces.wyoming.conversations import Conversations, ConversationService
from assistant.interfaces.wyoming.jobs import Jobs
from assistant.interfaces.wyoming.listening import ListeningService
from assistant.interfaces.wyoming.satellite import Satellite
from assistant.interfaces.wyoming.synthesis import SynthesisService
from assistant.interfaces.wyoming.wire import Wire

log = logging.getLogger(__name__)

PING_S = 2.0
GONE_S = 10.0
"""A satellite that is connected to is asked so often whether it is there; when nothing has come for the longer time, it
is not. (Home Assistant: 2 and 5 s.) Satellites, too, notice that their server has gone only once it has asked them."""

Handler = Callable[[Event], Awaitable[None]]


class Session:
    """Serves the client on `wire` until it has gone."""

    def __init__(self, wire: Wire, host: Host, conversations: Conversations, room: str, *, remembers: bool) -> None:
        """`room` is what its room is called if it is a satellite; `remembers` as `Room`."""
        self._wire = wire
        self._host = host
        self._conversations = conversations
        self._room = room
        self._satellite = Satellite(host, wire.send, room, remembers=remembers)
        self._handlers: dict[str, Handler] = {}
        self._jobs: Jobs | None = None
        self._came_at = anyio.current_time()

    @property
    def idle_s(self) -> float:
        """Seconds since the client has sent something; 0 while its room is open, or something is done for it."""
        busy = self._satellite.has_room or (self._jobs is not None and self._jobs.at_work)
        return 0.0 if busy else anyio.current_time() - self._came_at

    async def run(self, *, keep_asking: bool = False) -> None:
        """Never raises for anything that the client does; raises `AssistantError` when its room fails.

        `keep_asking` whether it is still there, by pings.
        """
        try:
            async with anyio.create_task_group() as tasks:
                self._handlers = self._services(tasks)
                if keep_asking:
                    tasks.start_soon(self._ask, tasks)
                await self._read()
                tasks.cancel_scope.cancel()
        except* anyio.BrokenResourceError:
            log.debug("wyoming: a client has gone in the middle")

    def _services(self, tasks: TaskGroup) -> dict[str, Handler]:
        """Collect what is understood, each type with the handler of its service."""
        host, send = self._host, self._wire.send
        self._jobs = jobs = Jobs(tasks, self._report, self._count)
        return {
            "describe": self._describe,
            "ping": self._ping,
            **ListeningService(host, self._satellite, jobs, send).handlers,
            **SynthesisService(host, jobs, send).handlers,
            **ConversationService(self._conversations, jobs, send).handlers,
        }

    async def _ask(self, tasks: TaskGroup) -> None:
        while anyio.current_time() - self._came_at < GONE_S:
            await self._wire.send(Ping().event())
            await anyio.sleep(PING_S)
        log.info("wyoming: nothing comes from a satellite any more")
        tasks.cancel_scope.cancel()

    async def _read(self) -> None:
        while True:
            try:
                event = await self._wire.read()
            except AssistantError as error:
                await self._report(error)
                await self._wire.discard()
                return
            if event is None:
                return
            self._came_at = anyio.current_time()
            try:
                await self._take(event)
            except AssistantError as error:
                await self._report(error)

    async def _take(self, event: Event) -> None:
        handler = self._handlers.get(event.type)
        if handler is None:
            return  # others may understand it; the protocol grows
        try:
            await handler(event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AssistantError(Code.WYOMING_MALFORMED, f"{event.type}: {type(error).__name__}: {error}") from error

    def _count(self, service: str, result: str, seconds: float) -> None:
        log.info("wyoming: %s for %s: %s after %.2f s", service, self._room, result, seconds)
        self._host.count_request(service, result, interface="wyoming")

    async def _report(self, error: AssistantError) -> None:
        log.info("wyoming: a request failed: %s: %s", error.code, error.message)
        await self._wire.send(Error(text=error.message, code=error.code.value).event())

    async def _describe(self, event: Event) -> None:
        await self._wire.send(describe.info(self._host.config, self._host.engines).event())

    async def _ping(self, event: Event) -> None:
        await self._wire.send(Pong(text=event.data.get("text")).event())
