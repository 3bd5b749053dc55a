"""Supervision of microphone and loudspeaker: a device that fails is reopened by its name, with back-off."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import anyio

from assistant import blocking
from assistant.audio.devices import portaudio
from assistant.audio.devices.portaudio import NOUN, Direction
from assistant.errors import AssistantError, Code

log = logging.getLogger(__name__)

CHECK_S = 0.5
"""Seconds between two checks of devices that work."""

MIN_RETRY_S = 0.5
MAX_RETRY_S = 4.0
"""Seconds between the first and the second attempt to open a device, doubled from then on, up to the latter: a sound
server that is restarted is back within one, and a device that was plugged in does not wait long."""

MAX_INPUT_LOST_S = 60.0
"""Seconds without a microphone after which the process ends, so that the service manager restarts it."""

MIN_RESCAN_S = 60.0
"""Seconds between two rescans for a device for which one that works is closed for a moment."""

MAX_NATIVE_S = 10.0
"""Seconds that one call of PortAudio may take. It waits for ever for a sound server that hangs."""

SOUND_CARDS = Path("/proc/asound/cards")
"""The kernel's list of sound cards."""


class SupervisedDevice(Protocol):
    """The part of `Microphone` and `Loudspeaker` that is supervised."""

    name: str

    @property
    def failure(self) -> AssistantError | None: ...

    @property
    def is_open(self) -> bool: ...

    @property
    def works(self) -> bool: ...

    @property
    def busy(self) -> bool: ...

    def open(self) -> None: ...

    def close(self) -> None: ...

    def follow(self, name: str) -> None: ...


class Absence:
    """The time from a device's failure until it works again, in seconds of a clock that it is given."""

    def __init__(self, reason: AssistantError, now: float) -> None:
        self.reason = reason
        self.since = now
        self.next_at = now
        self._retry_s = MIN_RETRY_S

    def failed_again(self, now: float, reason: AssistantError) -> None:
        """Note an attempt in vain: the next one comes later."""
        self.reason = reason
        self.next_at = now + self._retry_s
        self._retry_s = min(2 * self._retry_s, MAX_RETRY_S)


AbsenceCallback = Callable[[Direction, str, Absence | None], None]
"""Called with a device and its name when it has failed, after each attempt in vain, and with None when it works again.
"""


class DeviceSupervisor:
    """Reopens `microphone` and `loudspeaker` when they fail, and calls `on_change`.

    PortAudio lists devices only when it is initialised, and for that every stream has to be closed. So devices are
    rescanned for one that PortAudio does not know at once where the kernel's list of sound cards has changed, or the
    other device does not work either; otherwise rarely, and not while anything is played.
    """

    def __init__(self, microphone: SupervisedDevice, loudspeaker: SupervisedDevice, on_change: AbsenceCallback) -> None:
        self._devices: dict[Direction, SupervisedDevice] = {Direction.INPUT: microphone, Direction.OUTPUT: loudspeaker}
        self._on_change = on_change
        self.absent: dict[Direction, Absence] = {}
        """Devices that do not work, and since when."""
        self._cards = _cards()
        self._rescanned_at = -math.inf
        self._lock = anyio.Lock()

    @property
    def input_lost(self) -> bool:
        """Whether the microphone has failed and is not back yet."""
        return Direction.INPUT in self.absent

    async def run(self) -> None:
        """Supervise until cancelled. Raises `AssistantError` (`device.gone`) when it gives up."""
        while True:
            async with self._lock:
                for direction, device in self._devices.items():
                    await self._check(direction, device)
            await anyio.sleep(CHECK_S)

    async def reopen(self, microphone: str, loudspeaker: str) -> None:
        """Close both devices and open the ones with these names instead."""
        async with self._lock:
            for (direction, device), name in zip(self._devices.items(), (microphone, loudspeaker), strict=True):
                await self._natively(device.close)
                device.follow(name)
                self.absent.setdefault(direction, Absence(_closed(direction), time.monotonic()))
                await self._check(direction, device)

    async def _check(self, direction: Direction, device: SupervisedDevice) -> None:
        absence = self.absent.get(direction)
        if absence is None and (failure := device.failure) is not None:
            absence = self.absent[direction] = Absence(failure, time.monotonic())
            self._on_change(direction, device.name, absence)
            await self._natively(device.close)
        if absence is not None and time.monotonic() >= absence.next_at:
            await self._attempt(direction, device, absence)

    async def _attempt(self, direction: Direction, device: SupervisedDevice, absence: Absence) -> None:
        try:
            await self._natively(lambda: self._open(direction, device))
            await self._works(device)
        except AssistantError as error:
            if error.code is Code.DEVICE_GONE:
                raise
            now = time.monotonic()
            if direction is Direction.INPUT and now - absence.since > MAX_INPUT_LOST_S:
                raise AssistantError(
                    Code.DEVICE_GONE,
                    f"no microphone for {MAX_INPUT_LOST_S:.0f} s ({error.message}); ending to be restarted",
                ) from error
            absence.failed_again(now, error)
            self._on_change(direction, device.name, absence)
        else:
            del self.absent[direction]
            self._on_change(direction, device.name, None)

    async def _works(self, device: SupervisedDevice) -> None:
        """Return when the device, just opened, delivers or takes samples. Raises `AssistantError` when it does not."""
        while not device.works and device.is_open:
            if (failure := device.failure) is not None:
                await self._natively(device.close)
                raise failure
            await anyio.sleep(CHECK_S / 10)

    def _open(self, direction: Direction, device: SupervisedDevice) -> None:
        """Open the device, after a rescan where that may help. Called in a thread."""
        other = self._devices[Direction.OUTPUT if direction is Direction.INPUT else Direction.INPUT]
        cards, known = _cards(), self._cards
        if cards != known:
            self._rescan(other, cards)
        try:
            device.open()
        except AssistantError as error:
            if error.code is not Code.DEVICE_MISSING or not self._may_interrupt(other):
                raise
            self._rescan(other, cards)
            device.open()

    def _may_interrupt(self, other: SupervisedDevice) -> bool:
        """Whether the other device, if it works, may be closed for a rescan."""
        due = time.monotonic() - self._rescanned_at > MIN_RESCAN_S
        return not other.is_open or (due and not other.busy)

    def _rescan(self, other: SupervisedDevice, cards: str) -> None:
        """List devices anew; the other device has to be closed for that, and is reopened at once."""
        with portaudio.native_lock:
            was_open = other.is_open
            other.close()
            portaudio.rescan()
            self._cards, self._rescanned_at = cards, time.monotonic()
            if was_open:
                with suppress(AssistantError):  # it is checked next
                    other.open()

    async def _natively(self, work: Callable[[], None]) -> None:
        """Call PortAudio in a thread. Raises `AssistantError`, `device.gone` when the call does not return."""
        if not await blocking.attempt(work, name="sound device", within_s=MAX_NATIVE_S):
            raise AssistantError(
                Code.DEVICE_GONE,
                f"the sound system does not answer for {MAX_NATIVE_S:.0f} s; ending to be restarted. If it stays like "
                "this, restart the sound server",
            )


def _closed(direction: Direction) -> AssistantError:
    return AssistantError(Code.DEVICE_FAILED, f"the {NOUN[direction]} is being changed")


def _cards() -> str:
    try:
        return SOUND_CARDS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
