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

from assistant.audio.devices.portaudio import PREFERRED_RATE, Direction, Stream, best_rate, find_device, open_input
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


TOGETHER = 3
"""Blocks that come together while nobody is in a hurry: 96 ms, less than any word takes."""

ZEROS = np.zeros(PREFERRED_RATE, np.float32)
"""More samples than a device asks for at once; they are only read."""


class Microphone:
    """An `AudioSource` on the device called `name` (see `devices.find_device`), open until the context is left.

    With `kept` somebody (`keeper.Keeper`) opens it again when it has failed, and the blocks wait for that; without,
    they raise `AssistantError` (`device.failed`). Raises `AssistantError` (`device.*`).
    """

    def __init__(self, name: str, *, kept: bool = False) -> None:
        self._wanted = name
        self._kept = kept
        self._muted = False
        self.unhurried = False
        self._inbox = Inbox()
        self._cutter = BlockCutter(LISTENING_RATE)
        self._stream: Stream | None = None
        self.name = name
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the device, found by its name again, if it is closed. Blocks may be read meanwhile: the audio clock goes
        on over the time that it was closed. Raises `AssistantError` (`device.*`)."""
        if self._stream is not None or self._muted:
            return
        device = find_device(self._wanted, Direction.INPUT)
        rate = best_rate(device, Direction.INPUT)
        self._inbox.begin(rate)
        self._cutter = self._cutter.successor(rate)
        self._stream = open_input(device, rate, self._inbox.put)
        self.name = device.name

    def close(self) -> None:
        """Close the device; what it has delivered can still be read."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def follow(self, name: str) -> None:
        """Be the device called `name` from the next `open` on."""
        self._wanted = name

    @property
    def failure(self) -> AssistantError | None:
        """`device.failed` when the device delivers nothing although it should, or because it is closed."""
        if self._muted or (self._stream is not None and self._stream.runs and not self._inbox.is_dead()):
            return None
        return AssistantError(
            Code.DEVICE_FAILED,
            f"microphone {self.name!r} delivers nothing any more: unplugged, or the sound server has stopped? "
            "see `assistant devices`",
        )

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def works(self) -> bool:
        """It has delivered something since it was opened."""
        return self._inbox.has_begun

    @property
    def busy(self) -> bool:
        """Whether closing it for a moment would be heard."""
        return False

    @property
    def dropped(self) -> int:
        return self._cutter.dropped

    @property
    def muted(self) -> bool:
        return self._muted

    def mute(self) -> None:
        """Close the device: nobody hears anything until `unmute`. What was heard before is not lost."""
        self._muted = True
        self.close()

    def unmute(self) -> None:
        """Open the device again. Raises `AssistantError` (`device.*`), and then stays mute."""
        if not self._muted:
            return
        self._muted = False
        try:
            self.open()
        except AssistantError:
            self._muted = True
            raise

    @property
    def echo_free(self) -> None:
        """Nothing takes the loudspeaker out."""

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Blocks from now on; what came while nobody listened is forgotten, and not counted as dropped."""
        self._inbox.take()
        self._cutter = self._cutter.restarted()
        with self._inbox.waking() as arrived:
            while True:
                await self._wait(arrived)
                cutter = self._cutter  # another one once the device has been opened again
                for heard in joined(self._inbox.take()):
                    for block in cutter.cut(heard):
                        yield block
                self._inbox.wanted = cutter.wanted(TOGETHER if self.unhurried else 1)

    async def _wait(self, arrived: asyncio.Event) -> None:
        with anyio.move_on_after(SILENT_S):
            await arrived.wait()
        arrived.clear()
        if not self._kept and self.failure is not None:
            await anyio.sleep(GRACE_S)
            if (failure := self.failure) is not None:
                raise failure


@dataclass(frozen=True, slots=True)
class Heard:
    """Samples from one call of the device."""

    samples: Samples
    position: int
    """Samples of the device before these, lost ones included."""
    captured_at: float
    """Monotonic time at which the last of them was captured."""
    silent: bool = False
    """They are zeros, and long since."""

    @property
    def end(self) -> int:
        return self.position + len(self.samples)


def joined(deliveries: list[Heard]) -> list[Heard]:
    """The same samples, in as few pieces as they follow each other in."""
    pieces: list[list[Heard]] = []
    for heard in deliveries:
        if pieces and pieces[-1][-1].end == heard.position:
            pieces[-1].append(heard)
        else:
            pieces.append([heard])
    return [
        Heard(np.concatenate([heard.samples for heard in piece]), piece[0].position, piece[-1].captured_at)
        for piece in pieces
    ]


class Inbox:
    """What the device has delivered, at `rate` Hz, and the event loop has not taken yet: at most `BUFFER_S` of it.

    When it is full the oldest is dropped; the positions of what is left show how much.
    """

    def __init__(self, rate: int = LISTENING_RATE) -> None:
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self.begin(rate)

    def begin(self, rate: int) -> None:
        """A device, closed as yet, will deliver at `rate` Hz, and may take its time for the first samples. What another
        one has delivered is forgotten."""
        with self._lock:
            self._rate = rate
            self._waiting: list[Heard] = []
            self._last: Heard | None = None
            self._new = 0
            """Samples since the last time that somebody took them."""
            self.wanted = 0
            """Samples below which nobody needs to be woken for them."""
        self._changed_at = time.monotonic()
        self._patience_s = OPENING_S

    def put(self, samples: Samples, captured_at: float, lost_some: bool, *, silent: bool = False) -> None:
        """Called by the device, in its thread. `silent`: as `Heard`."""
        position = self._position(len(samples), captured_at, lost_some)
        heard = Heard(ZEROS[: len(samples)] if silent else samples.copy(), position, captured_at, silent)
        with self._lock:
            self._waiting.append(heard)
            while heard.end - self._waiting[0].position > BUFFER_S * self._rate:
                self._waiting.pop(0)
        self._last = heard
        self._changed_at = time.monotonic()
        self._patience_s = SILENT_S
        self._new += len(samples)
        if self._new >= self.wanted and (wake := self._wake) is not None:
            wake()

    def take(self) -> list[Heard]:
        with self._lock:
            taken, self._waiting = self._waiting, []
            self._new = 0
            return taken

    @property
    def has_begun(self) -> bool:
        """Whether the device has delivered anything."""
        return self._last is not None

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
    """Turns what a device delivers at `rate` Hz into blocks; begins anew after a gap.

    The first block is `start` on the audio clock, or later if it is captured later than `not_before` (monotonic time).
    """

    def __init__(self, rate: int, *, start: int = 0, not_before: float = 0.0, dropped: int = 0) -> None:
        self._rate = rate
        self._first: int | None = None
        self._expected = 0
        self._resampler = Resampler(rate, LISTENING_RATE)
        self._rest = np.zeros(0, np.float32)
        self._start = self._began = start
        self._captured_at = not_before
        """When the last block was captured."""
        self.dropped = dropped
        """Samples (at `LISTENING_RATE`) that no block holds."""

    def successor(self, rate: int) -> "BlockCutter":
        """One for another device at `rate` Hz, on the same audio clock."""
        return BlockCutter(rate, start=self._start, not_before=self._captured_at, dropped=self.dropped)

    def restarted(self) -> "BlockCutter":
        """One for the same device, on an audio clock that begins anew."""
        return BlockCutter(self._rate)

    def wanted(self, blocks: int) -> int:
        """Samples of the device that the next `blocks` need; for each 10 ms alone nobody need be woken."""
        return (blocks * BLOCK - len(self._rest)) * self._rate // LISTENING_RATE

    def cut(self, heard: Heard) -> Iterator[AudioBlock]:
        """The blocks that `heard` completes."""
        if self._first is None:
            self._begin(heard)
        if heard.position != self._expected:
            self._skip(heard.position)
        self._expected = heard.end
        self._rest = np.concatenate([self._rest, self._resampler.push(heard.samples)])
        while len(self._rest) >= BLOCK:
            samples, self._rest = self._rest[:BLOCK], self._rest[BLOCK:]
            end = self._start + BLOCK
            late_s = (heard.end - (self._first or 0)) / self._rate - (end - self._began) / LISTENING_RATE
            self._captured_at = heard.captured_at - late_s
            yield AudioBlock(samples, self._start, self._captured_at)
            self._start = end

    def _begin(self, heard: Heard) -> None:
        """The audio clock goes on over the time between another device's last samples and the first of this one."""
        self._first = self._expected = heard.position
        if self._captured_at:
            away_s = heard.captured_at - len(heard.samples) / self._rate - self._captured_at
            self._start += max(0, round(away_s * LISTENING_RATE))
            self._began = self._start

    def _skip(self, position: int) -> None:
        start = self._began + round((position - (self._first or 0)) * LISTENING_RATE / self._rate)
        self.dropped += start - self._start
        self._start = start
        self._rest = np.zeros(0, np.float32)
        self._resampler = Resampler(self._rate, LISTENING_RATE)
