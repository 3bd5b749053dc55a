"""The microphone: a device that PortAudio serves in a thread of its own, as blocks in the event loop."""

import asyncio
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import anyio

from assistant.audio.devices.cutter import BlockCutter
from assistant.audio.devices.inbox import MAX_SILENCE_S, Inbox, joined
from assistant.audio.devices.portaudio import Direction, Stream, best_rate, find_device, open_input
from assistant.audio.pcm import LISTENING_RATE, AudioBlock
from assistant.errors import AssistantError, Code

GRACE_S = 0.1
"""When the whole process stood still, the device's thread gets this long to deliver before it is called dead."""

BATCH = 3
"""Blocks that come together when they may be batched: 96 ms, less than any word takes."""


class Microphone:
    """An `AudioSource` on the device called `name` (see `portaudio.find_device`), open until the context is left.

    With `supervised`, a `DeviceSupervisor` reopens it after a failure and the blocks wait for that; without, they raise
    `AssistantError` (`device.failed`). Raises `AssistantError` (`device.*`).
    """

    def __init__(self, name: str, *, supervised: bool = False) -> None:
        self._wanted = name
        self._supervised = supervised
        self._muted = False
        self.batched = False
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
        """Open the device, found by its name again, if it is closed. Raises `AssistantError` (`device.*`).

        Blocks may be read meanwhile: the audio clock goes on over the time that it was closed.
        """
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
        """Use the device called `name` from the next `open` on."""
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
        """Whether it has delivered anything since it was opened."""
        return self._inbox.has_begun

    @property
    def busy(self) -> bool:
        """Whether closing it for a moment would be audible."""
        return False

    @property
    def dropped(self) -> int:
        return self._cutter.dropped

    @property
    def muted(self) -> bool:
        return self._muted

    def mute(self) -> None:
        """Close the device until `unmute`. What was captured before is not lost."""
        self._muted = True
        self.close()

    def unmute(self) -> None:
        """Reopen the device. Raises `AssistantError` (`device.*`), and then stays muted."""
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
        """None: nothing takes the loudspeaker out of these blocks."""

    async def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Yield blocks from now on; audio from before the call is discarded, and not counted as dropped."""
        self._inbox.take()
        self._cutter = self._cutter.restarted()
        with self._inbox.waking() as arrived:
            while True:
                await self._wait(arrived)
                cutter = self._cutter  # another one once the device has been reopened
                for delivery in joined(self._inbox.take()):
                    for block in cutter.cut(delivery):
                        yield block
                self._inbox.wake_at = cutter.missing(BATCH if self.batched else 1)

    async def _wait(self, arrived: asyncio.Event) -> None:
        with anyio.move_on_after(MAX_SILENCE_S):
            await arrived.wait()
        arrived.clear()
        if not self._supervised and self.failure is not None:
            await anyio.sleep(GRACE_S)
            if (failure := self.failure) is not None:
                raise failure
