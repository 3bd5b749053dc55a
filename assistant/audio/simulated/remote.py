"""A microphone and a loudspeaker on another machine, whatever protocol carries their sound."""

from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

import anyio
import numpy as np

from assistant.audio.blocks import Blocks
from assistant.audio.pcm import BLOCK, BLOCK_S, AudioBlock, Samples
from assistant.audio.simulated.paced import PERIOD_S, PacedLoudspeaker

MAX_WAITING = 62
"""Blocks that wait for the conversation, two seconds as for a microphone; beyond that the oldest are dropped."""

STALLED_S = 0.5
"""Seconds without samples after which silence takes their place: longer than a wireless network holds audio back."""

AHEAD_S = 0.1
"""Seconds by which sound is sent before its time: enough for a wireless network, little enough to fall silent at once.
"""

QUIET_PERIODS = 10
"""Periods without sound (0.2 s) after which `Outlet.stopped` is called."""


class RemoteMicrophone:
    """An `AudioSource` fed by another machine with `put`.

    Remote microphones stop sending, at the latest when the other side has got its transcript. As long as anything
    depends on the time (a turn that has begun, a window in which no wake word is needed), silence takes the place of
    their samples, in real time, so that it ends; otherwise the audio clock stands still.
    """

    echo_free = None

    def __init__(self, needed: Callable[[], bool], name: str = "remote") -> None:
        """`needed`: whether anything depends on the time. `name`: the other machine, as shown to people."""
        self.name = name
        self.dropped = 0
        self.muted = False
        self.batched = False
        self._needed = needed
        self._stalled_s = STALLED_S
        self._blocks = Blocks()
        self._waiting: deque[AudioBlock] = deque()
        self._changed = anyio.Event()

    def mute(self) -> None:
        """Discard what is put until `unmute`; the audio clock goes on."""
        self.muted = True

    def unmute(self) -> None:
        """Deliver what is put again."""
        self.muted = False

    def put(self, samples: Samples) -> None:
        """Append samples at `LISTENING_RATE`; the oldest that wait beyond `MAX_WAITING` blocks are dropped, counted."""
        self.expect()
        for block in self._blocks.push(samples):
            if self.muted:
                continue
            self._waiting.append(block)
            if len(self._waiting) > MAX_WAITING:
                self.dropped += len(self._waiting.popleft().samples)

    def expect(self) -> None:
        """Wait `STALLED_S` for samples before silence takes their place: the other machine is about to send."""
        self._stalled_s = STALLED_S
        self._changed.set()

    def pause(self) -> None:
        """Let silence follow at once: the other machine will not send for a while."""
        self._stalled_s = 0.0
        self._changed.set()

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Yield blocks as they complete, in real time, without end; see `AudioSource.blocks`."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            self._changed = anyio.Event()
            with anyio.move_on_after(max(BLOCK_S, self._stalled_s) if self._needed() else None) as waiting:
                await self._changed.wait()
            if waiting.cancelled_caught:
                self._stalled_s = 0.0
                for block in self._blocks.push(np.zeros(BLOCK, np.float32)):
                    yield block


class Outlet(Protocol):
    """Sends sound to another machine. Its calls raise `anyio.BrokenResourceError` when that has gone."""

    async def started(self, rate: int) -> None:
        """Announce mono sound at `rate` Hz."""

    async def sound(self, samples: Samples) -> None:
        """Send samples, in real time and `AHEAD_S` before they are due."""

    async def stopped(self) -> None:
        """Announce that there is no more sound for now; `started` precedes the next."""


class RemoteLoudspeaker(PacedLoudspeaker):
    """An `AudioSink` at `rate` Hz that hands its sound to an `Outlet`, in real time and a little ahead."""

    def __init__(self, rate: int, outlet: Outlet, name: str = "remote") -> None:
        """`name`: the other machine, as shown to people."""
        super().__init__(rate, ahead_s=AHEAD_S)
        self.name = name
        self._outlet = outlet
        self._pending: list[Samples] = []
        self._quiet = QUIET_PERIODS

    async def run(self) -> None:
        """Send until cancelled. Raises what the outlet raises, `anyio.BrokenResourceError` for a lost connection."""
        playing = False
        while True:
            self.catch_up()
            sounds, self._pending = self._pending, []
            if sounds and not playing:
                playing = True
                await self._outlet.started(self.rate)
            for samples in sounds:
                await self._outlet.sound(samples)
            if playing and self._quiet >= QUIET_PERIODS:
                playing = False
                await self._outlet.stopped()
            await anyio.sleep(PERIOD_S)

    def _taken(self, start: int, out: Samples, count: int) -> None:
        self._quiet = 0 if count else self._quiet + 1
        if count or self._quiet < QUIET_PERIODS:
            self._pending.append(out)
