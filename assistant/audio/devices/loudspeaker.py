"""The loudspeaker: a stream that stays open between utterances, because an idle device swallows the first words."""

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

MAX_SILENCE_S = 2.0
"""A device that requests nothing for this long has failed. It requests samples every 10 to 20 ms."""

MAX_OPENING_S = 5.0
"""The same for its first request; see `inbox.MAX_OPENING_S`."""

FADE_OUT_S = 0.15
"""Seconds in which an utterance fades when the program ends: audible as an end, and short beside the two seconds that
ending may take."""

VOLUME_RAMP_S = 0.05
"""Seconds that a change of the volume takes: no click, and still at once."""


class Loudspeaker:
    """An `AudioSink` on the device called `name` (see `portaudio.find_device`), open until the context is left.

    Raises `AssistantError` (`device.*`). Writing to a playback and draining it raise it when the device has failed,
    even if it has been reopened since.
    """

    def __init__(self, name: str) -> None:
        self._wanted = name
        self._playbacks: tuple[QueuedPlayback, ...] = ()
        self._underruns = 0
        self._volume = 1.0
        self._silence = 0
        """Samples since the end of the last sound."""
        self._sounded = False
        """Whether there was sound in the block before."""
        self._reference: Reference | None = None
        self._stream: Stream | None = None
        self.name = name
        self.opened = 0
        """Times the device was opened."""
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
        self._requested_at = time.monotonic()
        self._max_silence_s = MAX_OPENING_S
        self._sounded = False
        self._stream = open_output(device, self._rate, self._fill)
        self.name = device.name
        self.opened += 1

    def close(self) -> None:
        """Close the device; playbacks in progress fail."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
        self._playbacks = ()

    def follow(self, name: str) -> None:
        """Use the device called `name` from the next `open` on."""
        self._wanted = name

    async def fade_out(self) -> None:
        """Fade to silence before the program ends; returns when the last sample has left the device."""
        if self.busy and self.failure is None:
            self._gain.set(0.0, FADE_OUT_S)
            await anyio.sleep(FADE_OUT_S + LATENCY_S)

    @property
    def underruns(self) -> int:
        """Underruns in the middle of a sound, because this program was late: each may be a click.

        Those in silence are inaudible and not counted; a device that has just been opened nearly always has some.
        """
        return self._underruns

    @property
    def volume(self) -> float:
        """Perceived loudness of everything, 0 to 1: half of it sounds about half as loud.

        It is the square root of the factor on the samples, so half is 12 dB less; by Stevens's law of loudness 10 dB
        less sound half as loud.
        """
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = min(1.0, max(0.0, volume))
        self._gain.set(self._volume**2, VOLUME_RAMP_S)

    def reference(self) -> Reference:
        """Provide what is played from now on to an echo canceller; only one can have it."""
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
        """Whether the device has requested samples since it was opened."""
        return self._max_silence_s == MAX_SILENCE_S

    @property
    def busy(self) -> bool:
        """Whether anything is being played."""
        return self._stream is not None and any(not playback.is_over for playback in self._playbacks)

    @property
    def failure(self) -> AssistantError | None:
        """`device.failed` when the device takes nothing although it should, or because it is closed."""
        requests = time.monotonic() - self._requested_at <= self._max_silence_s
        if self._stream is not None and self._stream.runs and requests:
            return None
        return AssistantError(
            Code.DEVICE_FAILED,
            f"loudspeaker {self.name!r} takes nothing any more: unplugged, or the sound server has stopped? see "
            "`assistant devices`",
        )

    def check(self, opened: int) -> None:
        """Raise `AssistantError` (`device.failed`) when the device has failed, or was reopened after `opened` times."""
        if (failure := self.failure) is not None:
            raise failure
        if opened != self.opened:
            raise AssistantError(Code.DEVICE_FAILED, f"loudspeaker {self.name!r} was gone for a while")

    def _fill(self, out: Samples, gone_at: float, underrun: bool) -> None:
        """Fill `out`, in the device's thread: the end of a stopped playback, then the current one, then silence."""
        now = time.monotonic()
        count = 0
        for playback in self._playbacks:
            count += playback.take(out[count:], now, gone_at)
        out[count:] = 0.0
        self._silence = 0 if count else self._silence + len(out)
        if count or self._gain.left:
            self._gain.apply(out)
        if (reference := self._reference) is not None:
            reference.put(out, gone_at, underrun, silent=self._silence > IDLE_S * self._rate)
        self._underruns += underrun and self._sounded
        self._sounded = count > 0
        self._requested_at = now
        self._max_silence_s = MAX_SILENCE_S


class _DevicePlayback(QueuedPlayback):
    def __init__(self, rate: int, device_rate: int, loudspeaker: Loudspeaker) -> None:
        super().__init__(rate, device_rate)
        self._loudspeaker = loudspeaker
        self._opened = loudspeaker.opened

    def _watch(self) -> None:
        self._loudspeaker.check(self._opened)
