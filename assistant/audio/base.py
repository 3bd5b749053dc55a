"""What the conversation needs of a microphone and a loudspeaker; devices, files and scripted fakes provide it."""

from collections.abc import AsyncGenerator
from typing import Protocol

from assistant.audio.pcm import AudioBlock, Samples


class AudioSource(Protocol):
    """A microphone, or a stand-in for one."""

    @property
    def name(self) -> str:
        """The device or file, as shown to people."""

    @property
    def dropped(self) -> int:
        """Samples lost so far because they were not read in time. No other stream of the program drops."""

    @property
    def muted(self) -> bool:
        """Whether the device was closed with `mute`."""

    def mute(self) -> None:
        """Close the device: no blocks come until `unmute`."""

    def unmute(self) -> None:
        """Reopen it. Raises `AssistantError` when that fails, and stays muted."""

    batched: bool
    """Set by the consumer: blocks may come several at a time, which wakes the event loop less often. False at first."""

    @property
    def echo_free(self) -> bool | None:
        """Whether the loudspeaker's echo is removed from the blocks by now; None without an echo canceller."""

    def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Yield blocks as they are captured, in real time, without end; use it with `aclosing`.

        Raises `AssistantError` when the device fails.
        """


class Playback(Protocol):
    """One utterance on its way through the loudspeaker."""

    @property
    def started_at(self) -> float | None:
        """Monotonic time at which the first sample was handed to the device; None before that."""

    @property
    def played(self) -> int:
        """Samples handed to the device so far, at the rate the playback was opened with."""

    async def write(self, samples: Samples) -> None:
        """Queue audio, after waiting while more than a fraction of a second is queued already."""

    async def drain(self) -> None:
        """Wait until everything written has been handed to the device and has left it."""

    def set_gain(self, gain: float, ramp_s: float) -> None:
        """Scale what has not been handed to the device yet by `gain` (1.0 at first; 0.25 is 12 dB less).

        The gain changes linearly within `ramp_s` seconds. Counts and the pace of playback stay.
        """

    def pause(self) -> None:
        """Fall silent within one block of the device, without a click; queued audio and pending writes wait."""

    def resume(self) -> None:
        """Continue where it was paused, without a click."""

    def stop(self) -> None:
        """Discard what is queued and fall silent within one block of the device, without a click."""


class AudioSink(Protocol):
    """A loudspeaker, or a stand-in for one. One playback sounds at a time."""

    @property
    def name(self) -> str: ...

    volume: float
    """Loudness of everything it plays, 0 to 1."""

    def play(self, rate: int, *, cut_in: bool = False) -> Playback:
        """Begin an utterance whose samples come at `rate` Hz.

        Ends the one before it, as `stop` would; with `cut_in` that one may continue later, and the caller has paused
        it.
        """
