"""The loudspeaker: a stream that is never closed between utterances, as an idle device swallows the first words."""

import time
from types import TracebackType
from typing import Self

from assistant.audio.devices import Direction, best_rate, find_device, open_output
from assistant.audio.gain import Gain
from assistant.audio.pcm import Samples
from assistant.audio.playback import QueuedPlayback
from assistant.audio.reference import Reference
from assistant.errors import AssistantError, Code

SILENT_S = 2.0
"""A device that asks for nothing for this long has failed. It asks every 10 to 20 ms."""

OPENING_S = 5.0
"""The same for its first question; see `microphone.OPENING_S`."""

VOLUME_RAMP_S = 0.05
"""How long a change of the volume takes: no click, and still at once."""


class Loudspeaker:
    """An `AudioSink` on the device called `name` (see `devices.find_device`), open until the context is left.

    Raises `AssistantError` (`device.*`); writing to a playback and draining it do when the device has failed.
    """

    def __init__(self, name: str) -> None:
        self._playbacks: tuple[QueuedPlayback, ...] = ()
        self._asked_at = time.monotonic()
        self._patience_s = OPENING_S
        self._underflows = 0
        device = find_device(name, Direction.OUTPUT)
        self._rate = best_rate(device, Direction.OUTPUT)
        self._volume = 1.0
        self._gain = Gain(self._rate)
        self._reference: Reference | None = None
        self._stream = open_output(device, self._rate, self._fill)

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
    def underflows(self) -> int:
        """How often the device ran dry because this program was late: each may be a click."""
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

    def check(self) -> None:
        """Raises `AssistantError` (`device.failed`) when the device has stopped asking for samples."""
        if time.monotonic() - self._asked_at > self._patience_s:
            raise AssistantError(
                Code.DEVICE_FAILED,
                f"loudspeaker {self.name!r} takes nothing any more: unplugged, or the sound server has stopped? see "
                "`assistant devices`",
            )

    def _fill(self, out: Samples, gone_at: float, ran_dry: bool) -> None:
        """Called by the device, in its thread: the end of a stopped playback, then the current one, then silence."""
        now = time.monotonic()
        count = 0
        for playback in self._playbacks:
            count += playback.take(out[count:], now, gone_at)
        out[count:] = 0.0
        self._gain.apply(out)
        if (reference := self._reference) is not None:
            reference.put(out, gone_at, ran_dry)
        self._underflows += ran_dry
        self._asked_at = now
        self._patience_s = SILENT_S


class _DevicePlayback(QueuedPlayback):
    def __init__(self, rate: int, device_rate: int, loudspeaker: Loudspeaker) -> None:
        super().__init__(rate, device_rate)
        self._loudspeaker = loudspeaker

    def _watch(self) -> None:
        self._loudspeaker.check()
