"""The loudspeaker: a stream that is never closed between utterances, as an idle device swallows the first words."""

import time
from types import TracebackType
from typing import Self

import anyio

from assistant.audio.devices.portaudio import LATENCY_S, Direction, Stream, best_rate, find_device, open_output
from assistant.audio.echo.reference import IDLE_S, Reference
from assistant.audio.gain import Gain
from assistant.audio.pcm import Samples
from assistant.audio.playback import QueuedPlayback
from assistant.errors import AssistantError, Code

SILENT_S = 2.0
"""A device that asks for nothing for this long has failed. It asks every 10 to 20 ms."""

OPENING_S = 5.0
"""The same for its first question; see `microphone.OPENING_S`."""

ENDING_S = 0.15
"""Ramp to silence of what is being said when the program ends: to be heard as an end, and short beside the two seconds
that a service manager's patience should not be tested for."""

VOLUME_RAMP_S = 0.05
"""How long a change of the volume takes: no click, and still at once."""


class Loudspeaker:
    """An `AudioSink` on the device called `name` (see `devices.find_device`), open until the context is left.

    Raises `AssistantError` (`device.*`); writing to a playback and draining it do when the device has failed, also
    after it was opened again.
    """

    def __init__(self, name: str) -> None:
        self._wanted = name
        self._playbacks: tuple[QueuedPlayback, ...] = ()
        self._underflows = 0
        self._volume = 1.0
        self._quiet = 0
        """Samples since something was played."""
        self._sounded = False
        """Whether the block before had something that was played in it."""
        self._reference: Reference | None = None
        self._stream: Stream | None = None
        self.name = name
        self.opened = 0
        """How often the device was opened."""
        self.open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the device, found by its name again, if it is closed. Raises `AssistantError` (`device.*`)."""
        if self._stream is not None:
            return
        device = find_device(self._wanted, Direction.OUTPUT)
        self._rate = best_rate(device, Direction.OUTPUT)
        self._gain = Gain(self._rate)
        self._gain.set(self._volume**2, 0.0)
        if self._reference is not None:
            self._reference.begin(self._rate)
        self._asked_at = time.monotonic()
        self._patience_s = OPENING_S
        self._sounded = False
        self._stream = open_output(device, self._rate, self._fill)
        self.name = device.name
        self.opened += 1

    def close(self) -> None:
        """Close the device; what is being played on it has failed."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._playbacks = ()

    def follow(self, name: str) -> None:
        """Be the device called `name` from the next `open` on."""
        self._wanted = name

    async def fade_out(self) -> None:
        """Be silent, without a click, before the program ends; returns when that has been heard."""
        if self.busy and self.failure is None:
            self._gain.set(0.0, ENDING_S)
            await anyio.sleep(ENDING_S + LATENCY_S)

    @property
    def underflows(self) -> int:
        """How often the device ran dry in the middle of something, because this program was late: each may be a click.

        In silence nobody hears it, and a device that has just been opened as a rule runs dry.
        """
        return self._underflows

    @property
    def volume(self) -> float:
        """How loud everything is, 0 to 1, as people count it: half of it sounds half as loud.

        It is the square root of the factor on the samples, so half is 12 dB less; by Stevens's law of loudness 10 dB
        less sound half as loud.
        """
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))
        self._gain.set(self._volume**2, VOLUME_RAMP_S)

    def reference(self) -> Reference:
        """What is played from now on, for an echo canceller; for one listener only."""
        self._reference = Reference(self._rate)
        return self._reference

    def play(self, rate: int, *, cut_in: bool = False) -> QueuedPlayback:
        playback = _DevicePlayback(rate, self._rate, self)
        for other in self._playbacks:
            if not cut_in:
                other.stop()
        self._playbacks = (*(other for other in self._playbacks if not other.is_over), playback)
        return playback

    @property
    def is_open(self) -> bool:
        return self._stream is not None

    @property
    def works(self) -> bool:
        """The device has asked for samples since it was opened."""
        return self._patience_s == SILENT_S

    @property
    def busy(self) -> bool:
        """Something is being played."""
        return self._stream is not None and any(not playback.is_over for playback in self._playbacks)

    @property
    def failure(self) -> AssistantError | None:
        """`device.failed` when the device takes nothing, although it should or because it is closed."""
        if self._stream is not None and self._stream.runs and time.monotonic() - self._asked_at <= self._patience_s:
            return None
        return AssistantError(
            Code.DEVICE_FAILED,
            f"loudspeaker {self.name!r} takes nothing any more: unplugged, or the sound server has stopped? see "
            "`assistant devices`",
        )

    def check(self, opened: int) -> None:
        """Raises `AssistantError` (`device.failed`) when the device has stopped asking for samples, or has been opened
        more often than `opened` times."""
        if (failure := self.failure) is not None:
            raise failure
        if opened != self.opened:
            raise AssistantError(Code.DEVICE_FAILED, f"loudspeaker {self.name!r} was gone for a while")

    def _fill(self, out: Samples, gone_at: float, ran_dry: bool) -> None:
        """Called by the device, in its thread: the end of a stopped playback, then the current one, then silence."""
        now = time.monotonic()
        count = 0
        for playback in self._playbacks:
            count += playback.take(out[count:], now, gone_at)
        out[count:] = 0.0
        self._quiet = 0 if count else self._quiet + len(out)
        if count or self._gain.left:
            self._gain.apply(out)
        if (reference := self._reference) is not None:
            reference.put(out, gone_at, ran_dry, silent=self._quiet > IDLE_S * self._rate)
        self._underflows += ran_dry and self._sounded
        self._sounded = count > 0
        self._asked_at = now
        self._patience_s = SILENT_S


class _DevicePlayback(QueuedPlayback):
    def __init__(self, rate: int, device_rate: int, loudspeaker: Loudspeaker) -> None:
        super().__init__(rate, device_rate)
        self._loudspeaker = loudspeaker
        self._opened = loudspeaker.opened

    def _watch(self) -> None:
        self._loudspeaker.check(self._opened)
