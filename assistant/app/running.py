"""A daemon that is ready: its parts, and changing its configuration while it converses."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from assistant import blocking
from assistant.answers.history import History
from assistant.app.loading import load_fresh
from assistant.audio.devices.portaudio import Direction, find_device
from assistant.audio.devices.supervisor import DeviceSupervisor
from assistant.audio.volume import SavedVolume, Volume
from assistant.config import changes as reloading
from assistant.config.schema import Audio, Config
from assistant.dialogue.conversation import Conversation
from assistant.engines.engines import Engines, Fresh
from assistant.host.process import spare_what_is_here
from assistant.interfaces.ipc.hub import EventHub
from assistant.store.database import State
from assistant.telemetry.log import configure as configure_log
from assistant.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


class Device(Protocol):
    """A microphone or a loudspeaker."""

    @property
    def name(self) -> str: ...


@dataclass
class Running:
    """The parts. Without `state` nothing outlives the process; without `keeper` the sound devices stay as they are."""

    config: Config
    engines: Engines
    conversation: Conversation
    history: History
    microphone: Device
    loudspeaker: Device
    volume: Volume
    metrics: Metrics
    hub: EventHub
    reload: Callable[[], Config]
    """Reads the configuration again. Raises `AssistantError` (`config.*`)."""
    end: Callable[[], None]
    """Ends the daemon."""
    state: State | None = None
    keeper: DeviceSupervisor | None = None
    _changing: anyio.Lock = field(default_factory=anyio.Lock)

    def restore(self) -> None:
        """Be as somebody asked for before the process ended."""
        if self.state is None:
            return
        if (kept := self.state.get("volume", SavedVolume)) is not None:
            self.volume.restore(kept)
        if self.state.get("muted", bool):
            self.conversation.begin_muted()

    async def reconfigure(self) -> tuple[list[str], list[str]]:
        """Read the configuration again and do as it says; what is being said meanwhile is answered as before.

        The keys that have changed: those that hold from now on, and those that need a restart. Raises `AssistantError`
        (`config.*`, `model.*`, `device.missing`), and then nothing has changed.
        """
        async with self._changing:
            before, wanted = self.config, self.reload()
            applied, restart = reloading.changed_keys(before, wanted)
            after = reloading.merge(before, wanted)
            if before.audio != after.audio:
                await blocking.call(lambda stop: _check(after.audio), name="devices")
            fresh = await blocking.call(lambda stop: load_fresh(before, after, self.engines), name="loading")
            await self.engines.exchange(fresh)
            if fresh != Fresh():
                spare_what_is_here()
            self.follow(after)
            if before.audio != after.audio and self.keeper is not None:
                await self.keeper.reopen(after.audio.input, after.audio.output)
        log.info("configuration read again: %s changed, %s after a restart", applied or "nothing", restart or "nothing")
        return applied, restart

    def follow(self, config: Config) -> None:
        """Do as `config` says from now on, with the engines that there are."""
        before, self.config = self.config, config
        self.conversation.configure(config)
        self.history.configure(config.llm)
        if before.log != config.log:
            configure_log(config.log)
        if before.sound != config.sound:
            self.volume.configure(config.sound)

    async def keep(self, name: str, value: object) -> None:
        """Have a setting outlive the process. Raises `AssistantError` (`state.unwritable`) when the disk refuses."""
        if self.state is not None:
            self.state.set(name, value)
            await self.state.written()

    async def forget(self) -> int:
        """Forget what was said before, on the disk as well; how many exchanges that were. Raises as `keep` does."""
        forgotten = self.history.clear()
        if self.state is not None:
            self.state.clear()
            await self.state.written()
        return forgotten


def _check(audio: Audio) -> None:
    find_device(audio.input, Direction.INPUT)
    find_device(audio.output, Direction.OUTPUT)
