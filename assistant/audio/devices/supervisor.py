"""Keeping microphone and loudspeaker open: what has failed is opened again by its name, with back-off."""

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import anyio

from assistant import blocking
from assistant.audio.devices import portaudio as devices
from assistant.audio.devices.portaudio import NOUN, Direction
from assistant.errors import AssistantError, Code

log = logging.getLogger(__name__)

LOOK_S = 0.5
"""Seconds between two looks at devices that work."""

FIRST_S = 0.5
LONGEST_S = 4.0
"""Seconds until the second attempt to open a device, doubled from then on, and the most between two: a sound server
that is restarted is back within one, and who has plugged something in does not wait long."""

DEAF_S = 60.0
"""Seconds without a microphone after which the process ends, so that its supervisor starts it anew."""

SELDOM_S = 60.0
"""Seconds between two searches for a device for which one that works is closed for a moment."""

NATIVE_S = 10.0
"""Seconds that PortAudio may take for one attempt. It waits for ever for a sound server that stands still."""

SOUND_CARDS = Path("/proc/asound/cards")
"""The kernel's list of sound cards."""


class KeptDevice(Protocol):
    """`Microphone` or `Loudspeaker`, as far as it is kept."""

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
    """A device that has failed, until it is open again. Counts in seconds of a clock that it is given."""

    def __init__(self, reason: AssistantError, now: float) -> None:
        self.reason = reason
        self.since = now
        self.next_at = now
        self._pause_s = FIRST_S

    def failed_again(self, now: float, reason: AssistantError) -> None:
        """An attempt did not succeed: the next one comes later."""
        self.reason = reason
        self.next_at = now + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_S)


Tell = Callable[[Direction, str, Absence | None], None]
"""Hears of a device and its name: that it has failed, each attempt that was in vain, and with None that it works again.
"""


class Keeper:
    """Keeps `microphone` and `loudspeaker` open.

    PortAudio looks for devices only when it is initialised, and for that every stream has to be closed. So a device
    that PortAudio does not know is looked for anew at once where the kernel's list of sound cards has changed, or the
    other one does not work either; else seldom, and not while something is played.
    """

    def __init__(self, microphone: KeptDevice, loudspeaker: KeptDevice, tell: Tell) -> None:
        self._devices: dict[Direction, KeptDevice] = {Direction.INPUT: microphone, Direction.OUTPUT: loudspeaker}
        self._tell = tell
        self.absent: dict[Direction, Absence] = {}
        """What has failed, and since when."""
        self._cards = _cards()
        self._looked_at = -math.inf
        self._lock = anyio.Lock()

    @property
    def is_deaf(self) -> bool:
        """There is no microphone for now."""
        return Direction.INPUT in self.absent

    async def run(self) -> None:
        """Until it is cancelled. Raises `AssistantError` (`device.gone`) when it gives up."""
        while True:
            async with self._lock:
                for direction, device in self._devices.items():
                    await self._look_at(direction, device)
            await anyio.sleep(LOOK_S)

    async def reopen(self, microphone: str, loudspeaker: str) -> None:
        """Close both and open those that are called so instead."""
        async with self._lock:
            for (direction, device), name in zip(self._devices.items(), (microphone, loudspeaker), strict=True):
                await self._natively(device.close)
                device.follow(name)
                self.absent.setdefault(direction, Absence(_closed(direction), time.monotonic()))
                await self._look_at(direction, device)

    async def _look_at(self, direction: Direction, device: KeptDevice) -> None:
        absence = self.absent.get(direction)
        if absence is None and (failure := device.failure) is not None:
            absence = self.absent[direction] = Absence(failure, time.monotonic())
            self._tell(direction, device.name, absence)
            await self._natively(device.close)
        if absence is not None and time.monotonic() >= absence.next_at:
            await self._attempt(direction, device, absence)

    async def _attempt(self, direction: Direction, device: KeptDevice, absence: Absence) -> None:
        try:
            await self._natively(lambda: self._open(direction, device))
            await self._works(device)
        except AssistantError as error:
            if error.code is Code.DEVICE_GONE:
                raise
            now = time.monotonic()
            if direction is Direction.INPUT and now - absence.since > DEAF_S:
                raise AssistantError(
                    Code.DEVICE_GONE, f"no microphone for {DEAF_S:.0f} s ({error.message}); ending to be started anew"
                ) from error
            absence.failed_again(now, error)
            self._tell(direction, device.name, absence)
        else:
            del self.absent[direction]
            self._tell(direction, device.name, None)

    async def _works(self, device: KeptDevice) -> None:
        """Return when the device, which was just opened, does something. Raises `AssistantError` when it does not."""
        while not device.works and device.is_open:
            if (failure := device.failure) is not None:
                await self._natively(device.close)
                raise failure
            await anyio.sleep(LOOK_S / 10)

    def _open(self, direction: Direction, device: KeptDevice) -> None:
        """In a thread of its own."""
        other = self._devices[Direction.OUTPUT if direction is Direction.INPUT else Direction.INPUT]
        cards, known = _cards(), self._cards
        if cards != known:
            self._look_again(other, cards)
        try:
            device.open()
        except AssistantError as error:
            if error.code is not Code.DEVICE_MISSING or not self._may_interrupt(other):
                raise
            self._look_again(other, cards)
            device.open()

    def _may_interrupt(self, other: KeptDevice) -> bool:
        """Whether the other device, if it works, may be closed in the hope of finding something."""
        seldom = time.monotonic() - self._looked_at > SELDOM_S
        return not other.is_open or (seldom and not other.busy)

    def _look_again(self, other: KeptDevice, cards: str) -> None:
        """The other device, which has to be closed for it, is away for a moment only."""
        with devices.one_at_a_time:
            was_open = other.is_open
            other.close()
            devices.look_again()
            self._cards, self._looked_at = cards, time.monotonic()
            if was_open:
                with suppress(AssistantError):  # its own failure is dealt with when it is looked at next
                    other.open()

    async def _natively(self, work: Callable[[], None]) -> None:
        """PortAudio's calls may block. Raises `AssistantError`, `device.gone` when one does not come back."""
        if not await blocking.attempt(work, name="sound device", within_s=NATIVE_S):
            raise AssistantError(
                Code.DEVICE_GONE,
                f"the sound system does not answer for {NATIVE_S:.0f} s; ending to be started anew. If it stays like "
                "this, restart the sound server",
            )


def _closed(direction: Direction) -> AssistantError:
    return AssistantError(Code.DEVICE_FAILED, f"the {NOUN[direction]} is being changed")


def _cards() -> str:
    try:
        return SOUND_CARDS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
