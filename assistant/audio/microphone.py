"""The microphone: from PortAudio's thread to blocks in the event loop, losing nothing without saying so."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

import anyio
import numpy as np

from assistant.audio.devices import Direction, best_rate, find_device, open_input
from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.audio.resample import Resampler
from assistant.errors import AssistantError, Code

BUFFER_S = 2.0
"""Audio that waits for a listener who is busy; what is older is dropped, because nobody wants a late answer to it."""

SILENT_S = 2.0
"""A device that delivers nothing for this long has failed. It delivers every 10 to 20 ms, silence included."""

OPENING_S = 5.0
"""The same for its first samples: an idle PulseAudio null sink took 1.7 s, and headsets change their profile first."""

GRACE_S = 0.1
"""When the whole process stood still, the device's thread gets this long to deliver before it is called dead."""


class Microphone:
    """An `AudioSource` on the device called `name` (see `devices.find_device`), open until the context is left.

    Raises `AssistantError` (`device.*`).
    """

    def __init__(self, name: str) -> None:
        device = find_device(name, Direction.INPUT)
        self._wanted = name
        self._rate = best_rate(device, Direction.INPUT)
        self._inbox = Inbox(self._rate)
        self._cutter = BlockCutter(self._rate)
        self._stream = open_input(device, self._rate, self._inbox.put)
        self._muted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    @property
    def name(self) -> str:
        return self._stream.name

    @property
    def dropped(self) -> int:
        return self._cutter.dropped

    @property
    def muted(self) -> bool:
        return self._muted

    def mute(self) -> None:
        """Close the device: nobody hears anything until `unmute`. What was heard before is not lost."""
        self._muted = True
        self._stream.close()

    def unmute(self) -> None:
        """Open the device again. Raises `AssistantError` (`device.*`), and then stays mute."""
        if self._muted:
            self._stream = open_input(find_device(self._wanted, Direction.INPUT), self._rate, self._inbox.put)
            self._inbox.expect()
            self._muted = False

    @property
    def echo_free(self) -> None:
        """Nothing takes the loudspeaker out."""

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Blocks from now on; what came while nobody listened is forgotten, and not counted as dropped."""
        self._inbox.take()
        self._cutter = BlockCutter(self._rate)
        with self._inbox.waking() as arrived:
            while True:
                await self._wait(arrived)
                for heard in self._inbox.take():
                    for block in self._cutter.cut(heard):
                        yield block

    async def _wait(self, arrived: asyncio.Event) -> None:
        with anyio.move_on_after(SILENT_S):
            await arrived.wait()
        arrived.clear()
        if self._is_dead():
            await anyio.sleep(GRACE_S)
            if self._is_dead():
                raise AssistantError(
                    Code.DEVICE_FAILED,
                    f"microphone {self.name!r} delivers nothing any more: unplugged, or the sound server has stopped? "
                    "see `assistant devices`",
                )

    def _is_dead(self) -> bool:
        return not self._muted and self._inbox.is_dead()


@dataclass(frozen=True, slots=True)
class Heard:
    """Samples from one call of the device."""

    samples: Samples
    position: int
    """Samples of the device before these, lost ones included."""
    captured_at: float
    """Monotonic time at which the last of them was captured."""

    @property
    def end(self) -> int:
        return self.position + len(self.samples)


class Inbox:
    """What the device has delivered, at `rate` Hz, and the event loop has not taken yet: at most `BUFFER_S` of it.

    When it is full the oldest is dropped; the positions of what is left show how much.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._waiting: list[Heard] = []
        self._last: Heard | None = None
        self._wake: Callable[[], None] | None = None
        self.expect()

    def put(self, samples: Samples, captured_at: float, lost_some: bool) -> None:
        """Called by the device, in its thread."""
        heard = Heard(samples.copy(), self._position(len(samples), captured_at, lost_some), captured_at)
        with self._lock:
            self._waiting.append(heard)
            while heard.end - self._waiting[0].position > BUFFER_S * self._rate:
                self._waiting.pop(0)
        self._last = heard
        self._changed_at = time.monotonic()
        self._patience_s = SILENT_S
        if (wake := self._wake) is not None:
            wake()

    def take(self) -> list[Heard]:
        with self._lock:
            taken, self._waiting = self._waiting, []
            return taken

    def expect(self) -> None:
        """The device has just been opened: it may take its time for the first samples."""
        self._changed_at = time.monotonic()
        self._patience_s = OPENING_S

    def is_dead(self) -> bool:
        """Whether the device has delivered nothing for too long."""
        return time.monotonic() - self._changed_at > self._patience_s

    @contextlib.contextmanager
    def waking(self) -> Iterator[asyncio.Event]:
        """An event of the running loop that is set whenever something arrives."""
        arrived = asyncio.Event()
        self._wake = partial(_set, arrived, asyncio.get_running_loop())
        try:
            yield arrived
        finally:
            self._wake = None

    def _position(self, count: int, captured_at: float, lost_some: bool) -> int:
        """The device does not say how much it lost; the clock does."""
        if self._last is None:
            return 0
        if not lost_some:
            return self._last.end
        return self._last.end + max(0, round((captured_at - self._last.captured_at) * self._rate) - count)


def _set(event: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed a moment ago
        loop.call_soon_threadsafe(event.set)


class BlockCutter:
    """Turns what a device delivers at `rate` Hz into blocks; begins anew after a gap."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._first: int | None = None
        self._expected = 0
        self._resampler = Resampler(rate, LISTENING_RATE)
        self._rest = np.zeros(0, np.float32)
        self._start = 0
        self.dropped = 0
        """Samples (at `LISTENING_RATE`) that no block holds."""

    def cut(self, heard: Heard) -> Iterator[AudioBlock]:
        """The blocks that `heard` completes."""
        if self._first is None:
            self._first = self._expected = heard.position
        if heard.position != self._expected:
            self._skip(heard.position)
        self._expected = heard.end
        self._rest = np.concatenate([self._rest, self._resampler.push(heard.samples)])
        while len(self._rest) >= BLOCK:
            samples, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            end = self._start + BLOCK
            late_s = (heard.end - self._first) / self._rate - end / LISTENING_RATE
            yield AudioBlock(samples, self._start, heard.captured_at - late_s)
            self._start = end

    def _skip(self, position: int) -> None:
        start = round((position - (self._first or 0)) * LISTENING_RATE / self._rate)
        self.dropped += start - self._start
        self._start = start
        self._rest = np.zeros(0, np.float32)
        self._resampler = Resampler(self._rate, LISTENING_RATE)
