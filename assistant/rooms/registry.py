"""The rooms of a daemon by name, and the one way to open another."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from itertools import count

import anyio

from assistant.answers.order import Responders, build_responders
from assistant.answers.skills.house import place_of
from assistant.audio.base import AudioSink, AudioSource
from assistant.config.schema import Config
from assistant.engines.detectors import Detectors
from assistant.errors import AssistantError, Code
from assistant.events import RoomClosed, RoomOpened
from assistant.places.places import Place
from assistant.rooms.room import Room, RoomSound, unchanged
from assistant.rooms.shared import Adapt, Shared
from assistant.store.rooms import LOCAL_ROOM


@dataclass(frozen=True)
class Prepared:
    """A configuration that can be followed, and what that takes."""

    config: Config
    responders: Responders
    detectors: Mapping[Room, Detectors]
    """For the rooms whose wake words change."""
    place: Place


class Rooms:
    """Every room that is open. The device's own is called `LOCAL_ROOM`, and is there from its `open` on."""

    def __init__(self, shared: Shared, config: Config) -> None:
        self.shared = shared
        self._config = config
        self._rooms: dict[str, Room] = {}
        shared.house.volumes = self

    def __iter__(self) -> Iterator[Room]:
        """Iterate in the order in which they were opened."""
        return iter(tuple(self._rooms.values()))

    @property
    def config(self) -> Config:
        """What the rooms follow, each in its own way."""
        return self._config

    def get(self, name: str = "") -> Room:
        """Return the room called `name`; without a name the device's own. Raises `AssistantError` (`room.unknown`)."""
        room = self._rooms.get(name or LOCAL_ROOM)
        if room is None:
            there = ", ".join(self._rooms) or "none yet"
            raise AssistantError(Code.ROOM_UNKNOWN, f"there is no room {name or LOCAL_ROOM!r}; there are: {there}")
        return room

    def with_sound(self, name: str = "") -> Room:
        """Return the room called `name`, to speak in; without a name the device's own if it has sound, else the only
        one that does. Raises `AssistantError` (`room.unknown`, `room.silent`)."""
        if name:
            return self.get(name)
        local = self._rooms.get(LOCAL_ROOM)
        audible = [room for room in self._rooms.values() if room.has_sound]
        if local is not None and local.has_sound:
            return local
        if len(audible) == 1:
            return audible[0]
        there = ", ".join(room.name for room in audible)
        raise AssistantError(
            Code.ROOM_SILENT,
            f"this machine has no sound of its own; name one of the rooms {there}"
            if there
            else "this machine has no sound of its own, and no other room is connected",
        )

    def volume(self, room: str) -> float | None:
        """As `Volumes.volume`."""
        return self._rooms[room].volume.level if room in self._rooms else None

    async def set_volume(self, room: str, level: float) -> None:
        """As `Volumes.set_volume`."""
        await self.get(room).set_volume(level)

    @asynccontextmanager
    async def open(
        self,
        name: str,
        source: AudioSource,
        sink: AudioSink,
        *,
        adapt: Adapt = unchanged,
        detectors: Detectors | None = None,
        remembers: bool = True,
    ) -> AsyncIterator[Room]:
        """Open a room with sound, which converses for as long as the context lasts. `adapt` and `remembers` as `Room`.

        `detectors` None loads those that its configuration wants. A name that is taken gets a number behind it. Raises
        `AssistantError` (`model.*`, `config.invalid`), and what the source does.
        """
        sound = RoomSound(source, sink, detectors or await self._current_detectors(adapt))
        room = Room(self._free(name), self.shared, self._config, sound, adapt=adapt, remembers=remembers)
        async with self._living(room):
            yield room

    @asynccontextmanager
    async def open_silent(self, name: str) -> AsyncIterator[Room]:
        """Open a room that answers in text only."""
        room = Room(self._free(name), self.shared, self._config, None)
        async with self._living(room):
            yield room

    async def prepare(self, config: Config) -> Prepared:
        """Load what the rooms need to follow `config`. Raises `AssistantError` (`model.*`, `config.invalid`), and then
        nothing has changed."""
        place = place_of(config.place)
        responders = build_responders(config, self.shared.engines, self.shared.house)
        return Prepared(config, responders, await self._missing(config, {}), place)

    async def follow(self, prepared: Prepared) -> None:
        """Have all rooms do as the prepared configuration says, with the engines that are shared by now.

        Rooms that have opened since get detectors of their own. Raises `AssistantError` (`model.*`).
        """
        config = prepared.config
        detectors = await self._missing(config, prepared.detectors)
        self.shared.responders = prepared.responders
        self.shared.house.place = prepared.place
        self._config = config
        for room in self:
            room.configure(config, detectors.get(room))

    async def _missing(self, config: Config, found: Mapping[Room, Detectors]) -> dict[Room, Detectors]:
        """Add to `found` the detectors that other rooms need to follow `config`."""
        found = dict(found)
        while room := next((room for room in self if room.wants_detectors(config) and room not in found), None):
            found[room] = await self._detectors(room.adapted(config))
        return found

    async def _detectors(self, config: Config) -> Detectors:
        """Load those of a room that follows `config`."""
        return await self.shared.engines.detectors(None if config.wake == "none" else config.wake.words)

    async def _current_detectors(self, adapt: Adapt) -> Detectors:
        """Load those of a room that is about to open; the configuration may change meanwhile."""
        while True:
            wanted = adapt(self._config)
            detectors = await self._detectors(wanted)
            if adapt(self._config).wake == wanted.wake:
                return detectors

    @asynccontextmanager
    async def _living(self, room: Room) -> AsyncIterator[None]:
        with self._listed(room), closing(room):
            room.restore()
            async with anyio.create_task_group() as tasks:
                await tasks.start(room.run)
                yield
                tasks.cancel_scope.cancel()

    @contextmanager
    def _listed(self, room: Room) -> Iterator[None]:
        self._rooms[room.name] = room
        self.shared.emit(RoomOpened(room=room.name))
        try:
            yield
        finally:
            del self._rooms[room.name]
            self.shared.emit(RoomClosed(room=room.name))

    def _free(self, name: str) -> str:
        names = (name if number == 1 else f"{name}-{number}" for number in count(1))
        return next(free for free in names if free not in self._rooms)
