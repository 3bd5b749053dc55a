"""What an interface may know of the daemon: the bus, the registry of rooms, and a few things that concern all of it."""

from typing import Literal, Protocol

from assistant.bus import Bus
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.rooms.registry import Rooms

Interface = Literal["ipc", "wyoming"]
"""Where requests come from."""


class Host(Protocol):
    """The daemon, as far as interfaces are concerned."""

    @property
    def config(self) -> Config:
        """What is followed by now."""

    @property
    def engines(self) -> Engines:
        """For what belongs to no room, such as recordings to transcribe."""

    @property
    def rooms(self) -> Rooms: ...

    @property
    def bus(self) -> Bus: ...

    @property
    def metrics_text(self) -> str:
        """Counters and histograms, in Prometheus's text format."""

    wyoming_clients: int
    """Connections of Wyoming clients."""

    def count_request(self, method: str, result: str, *, interface: Interface = "ipc") -> None:
        """Note that a request has ended: ok, or with the code of an error."""

    async def reconfigure(self) -> tuple[list[str], list[str]]:
        """Read the configuration again and do as it says.

        Returns the keys that have changed: those that hold from now on, and those that need a restart. Raises
        `AssistantError` (`config.*`, `model.*`, `device.missing`), and then nothing has changed.
        """

    def end(self) -> None:
        """End the daemon; returns at once."""
