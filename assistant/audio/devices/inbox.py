"""Samples on their way from a device's thread to the event loop: bounded, and losing none without saying so."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from assistant.audio.devices.portaudio import PREFERRED_RATE
from assistant.audio.pcm import LISTENING_RATE, Samples

BUFFER_S = 2.0
"""Seconds of audio that wait for a busy consumer. Older audio is dropped: an answer to it would come too late."""

MAX_SILENCE_S = 2.0
"""A device that delivers nothing for this long has failed. It delivers every 10 to 20 ms, silence included."""

MAX_OPENING_S = 5.0
"""The same for its first samples: an idle PulseAudio null sink took 1.7 s, and headsets change their profile first."""

ZEROS = np.zeros(PREFERRED_RATE, np.float32)
"""More samples than a device delivers in one call; only ever read."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Samples from one call of the device, or from several that follow each other."""

    samples: Samples
    position: int
    """Samples of the device before these, lost ones included."""
    captured_at: float
    """Monotonic time at which the last of them was captured, or left the loudspeaker."""
    silent: bool = False
    """Whether they are zeros, and all before them have been for long."""

    @property
    def end(self) -> int:
        return self.position + len(self.samples)


def joined(deliveries: list[Delivery]) -> list[Delivery]:
    """Concatenate deliveries that follow each other without a gap."""
    runs: list[list[Delivery]] = []
    for delivery in deliveries:
        if runs and runs[-1][-1].end == delivery.position:
            runs[-1].append(delivery)
        else:
            runs.append([delivery])
    return [
        Delivery(np.concatenate([delivery.samples for delivery in run]), run[0].position, run[-1].captured_at)
        for run in runs
    ]


class Inbox:
    """Deliveries of a device at `rate` Hz that the event loop has not taken yet: at most `BUFFER_S` of them.

    When it is full the oldest are dropped; the positions of the remaining ones show how many samples are missing.
    """

    def __init__(self, rate: int = LISTENING_RATE) -> None:
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self.begin(rate)

    def begin(self, rate: int) -> None:
        """Expect another device at `rate` Hz, not open yet, which has `MAX_OPENING_S` for its first samples.

        Deliveries of the device before it are discarded.
        """
        with self._lock:
            self._rate = rate
            self._waiting: list[Delivery] = []
            self._last: Delivery | None = None
            self._new = 0
            """Samples put since the last `take`."""
            self.wake_at = 0
            """Number of new samples from which the event loop is woken."""
        self._changed_at = time.monotonic()
        self._max_silence_s = MAX_OPENING_S

    def put(self, samples: Samples, captured_at: float, gap: bool, *, silent: bool = False) -> None:
        """Append a copy of `samples`. Called by the device, in its thread.

        `gap`: the device lost samples before these. `silent`: as `Delivery.silent`.
        """
        position = self._position(len(samples), captured_at, gap)
        delivery = Delivery(ZEROS[: len(samples)] if silent else samples.copy(), position, captured_at, silent)
        with self._lock:
            self._waiting.append(delivery)
            while delivery.end - self._waiting[0].position > BUFFER_S * self._rate:
                self._waiting.pop(0)
        self._last = delivery
        self._changed_at = time.monotonic()
        self._max_silence_s = MAX_SILENCE_S
        self._new += len(samples)
        if self._new >= self.wake_at and (wake := self._wake) is not None:
            wake()

    def take(self) -> list[Delivery]:
        """Remove and return everything that waits, oldest first."""
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
        return time.monotonic() - self._changed_at > self._max_silence_s

    @contextlib.contextmanager
    def waking(self) -> Iterator[asyncio.Event]:
        """Provide an event of the running loop that is set whenever `wake_at` new samples have arrived."""
        arrived = asyncio.Event()
        self._wake = partial(_set, arrived, asyncio.get_running_loop())
        try:
            yield arrived
        finally:
            self._wake = None

    def _position(self, count: int, captured_at: float, gap: bool) -> int:
        """The device does not say how many samples it lost; the clock does."""
        if self._last is None:
            return 0
        if not gap:
            return self._last.end
        return self._last.end + max(0, round((captured_at - self._last.captured_at) * self._rate) - count)


def _set(event: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed a moment ago
        loop.call_soon_threadsafe(event.set)
