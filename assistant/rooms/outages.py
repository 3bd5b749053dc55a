"""How a microphone or loudspeaker that has failed is made known: by events, and aloud where that is possible."""

import time

from anyio.abc import TaskGroup

from assistant.audio.devices.portaudio import NOUN, Direction
from assistant.audio.devices.supervisor import Absence
from assistant.errors import AssistantError
from assistant.events import DeviceBack, DeviceLost, Emitter
from assistant.language.tables import Phrases, tables_of
from assistant.rooms.room import Room

SPOKEN_S = 5.0
"""Seconds without a microphone after which the loudspeaker says so: longer than a sound server that is restarted."""

OFFERED_S = 60.0
"""Seconds after which the rest of an answer that was cut off with the loudspeaker is not wanted any more."""


class Outages:
    """Takes what the device supervisor reports to the room, to the subscribers of events, and to the people in it."""

    def __init__(self, room: Room, emit: Emitter, tasks: TaskGroup) -> None:
        self._room = room
        self._emit = emit
        self._tasks = tasks
        self._lost: dict[Direction, Absence] = {}
        self._announced_loss = False

    def observe(self, direction: Direction, name: str, absence: Absence | None) -> None:
        """Take what the supervisor reports: as `supervisor.AbsenceCallback`, with the name of the device."""
        if absence is None:
            self._back(direction, name)
        elif direction not in self._lost:
            self._lose(direction, name, absence)
        elif direction is Direction.INPUT and not self._announced_loss and time.monotonic() - absence.since > SPOKEN_S:
            self._announced_loss = True
            self._say(self._phrases.input_lost)

    @property
    def reasons(self) -> list[str]:
        """Why each device that is missing is, in a sentence."""
        return [f"no {NOUN[direction]}: {absence.reason.message}" for direction, absence in self._lost.items()]

    def _lose(self, direction: Direction, name: str, absence: Absence) -> None:
        self._lost[direction] = absence
        if direction is Direction.INPUT:
            self._room.lose_input()
        self._emit(DeviceLost(room=self._room.name, kind=NOUN[direction], name=name, reason=absence.reason.message))

    def _back(self, direction: Direction, name: str) -> None:
        absence = self._lost.pop(direction, None)
        if absence is None:
            return
        away_s = time.monotonic() - absence.since
        if direction is Direction.INPUT:
            self._room.regain_input()
        self._emit(DeviceBack(room=self._room.name, kind=NOUN[direction], name=name, away_s=round(away_s, 1)))
        if direction is Direction.INPUT:
            if self._announced_loss:
                self._announced_loss = False
                self._say(self._phrases.input_back)
        elif (unsaid := self._room.take_unsaid()) and away_s < OFFERED_S:
            self._say(f"{self._phrases.cut_off} {unsaid}")

    @property
    def _phrases(self) -> Phrases:
        return tables_of(self._room.language).phrases

    def _say(self, text: str) -> None:
        if text:
            self._tasks.start_soon(self._announce, text)

    async def _announce(self, text: str) -> None:
        try:
            await self._room.say(text)
        except AssistantError:
            return  # its event says why
