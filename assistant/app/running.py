"""A daemon that is ready, and changing its configuration while it converses."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

from assistant import blocking
from assistant.app.loading import load_fresh
from assistant.audio.devices.portaudio import Direction, find_device
from assistant.audio.devices.supervisor import DeviceSupervisor
from assistant.bus import Bus
from assistant.config import changes
from assistant.config.schema import Audio, Config
from assistant.engines.engines import Engines, Fresh
from assistant.host.process import freeze_heap
from assistant.interfaces.base import Interface
from assistant.rooms.registry import Rooms
from assistant.telemetry.log import configure as configure_log
from assistant.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


@dataclass
class Running:
    """The `interfaces.base.Host`. Without `supervisor` it has no sound devices of its own, or they stay as they are."""

    rooms: Rooms
    bus: Bus
    metrics: Metrics
    reload: Callable[[], Config]
    """Reads the configuration again. Raises `AssistantError` (`config.*`)."""
    end: Callable[[], None]
    """Ends the daemon."""
    supervisor: DeviceSupervisor | None = None
    wyoming_clients: int = 0
    _changing: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def config(self) -> Config:
        return self.rooms.config

    @property
    def engines(self) -> Engines:
        return self.rooms.shared.engines

    @property
    def metrics_text(self) -> str:
        return self.metrics.recent_text()

    def count_request(self, method: str, result: str, *, interface: Interface = "ipc") -> None:
        self.metrics.count_request(method, result, interface)

    async def reconfigure(self) -> tuple[list[str], list[str]]:
        """Reconfigure as `Host.reconfigure` says; what is being said meanwhile is answered as before."""
        async with self._changing:
            before, wanted = self.config, await blocking.call(lambda stop: self.reload(), name="configuration")
            applied, restart = changes.changed_keys(before, wanted)
            after = changes.merge(before, wanted)
            if before.audio != after.audio and after.audio.has_sound:
                await blocking.call(lambda stop: _check(after.audio), name="devices")
            prepared = await self.rooms.prepare(after)
            fresh = await blocking.call(lambda stop: load_fresh(before, after, self.engines), name="loading")
            await self.engines.exchange(fresh)
            if fresh != Fresh():
                freeze_heap()
            await self.rooms.follow(prepared)
            if before.log != after.log:
                configure_log(after.log)
            if before.audio != after.audio and self.supervisor is not None:
                await self.supervisor.reopen(after.audio.input, after.audio.output)
        log.info("configuration read again: %s changed, %s after a restart", applied or "nothing", restart or "nothing")
        return applied, restart


def _check(audio: Audio) -> None:
    find_device(audio.input, Direction.INPUT)
    find_device(audio.output, Direction.OUTPUT)
