"""A server for the real engines."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import msgspec
import pytest

from assistant.answers.order import build_responders
from assistant.answers.skills.house import House
from assistant.app.running import Running
from assistant.bus import Bus
from assistant.config.schema import Config, Wyoming
from assistant.engines.engines import Engines
from assistant.interfaces.wyoming.server import WyomingServer
from assistant.rooms.registry import Rooms
from assistant.rooms.shared import Shared
from assistant.telemetry.metrics import Metrics

Serve = Callable[..., AbstractAsyncContextManager[WyomingServer]]


def host_of(engines: Engines, config: Config) -> Running:
    """A daemon without a room of its own."""
    bus = Bus()
    house = House()
    rooms = Rooms(Shared(engines, build_responders(config, engines, house), bus.emit, house=house), config)
    return Running(rooms, bus, Metrics(), lambda: config, lambda: None)


@pytest.fixture
def serve(engines: Engines) -> Serve:
    """Serves with the configuration's `wyoming` as given, for as long as the context lasts."""

    @asynccontextmanager
    async def serving(settings: Wyoming, config: Config | None = None) -> AsyncIterator[WyomingServer]:
        host = host_of(engines, msgspec.structs.replace(config or Config(), wyoming=settings))
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                server = WyomingServer(host)
                await tasks.start(server.run)
                yield server
                tasks.cancel_scope.cancel()

    return serving


@pytest.fixture
def port() -> int:
    """One that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
        return found
