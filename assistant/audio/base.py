"""What the conversation needs of a microphone and a loudspeaker; devices, files and scripted fakes provide it."""

from collections.abc import AsyncGenerator
from typing import Protocol

from assistant.audio.pcm import AudioBlock, Samples


class AudioSource(Protocol):
    """A microphone, or something that plays its part."""

    @property
    def name(self) -> str:
        """The device or file, as shown to people."""

    @property
    def dropped(self) -> int:
        """Samples lost so far because nobody read them in time. The only place in the program that drops."""

    @property
    def muted(self) -> bool:
        """Whether the device is closed on purpose."""

    def mute(self) -> None:
        """Close the device: no blocks come until `unmute`."""

    def unmute(self) -> None:
        """Open it again. Raises `AssistantError` when that fails, and stays mute."""

    unhurried: bool
    """Set while nobody waits for a block: it may come some blocks later, with the next ones. False at first."""

    @property
    def echo_free(self) -> bool | None:
        """Whether what the loudspeaker plays is missing from the blocks by now; None when nothing takes it out."""

    def blocks(self) -> AsyncGenerator[AudioBlock, None]:
        """Blocks as they are captured, in real time, without end; to be used with `aclosing`.

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
        """Queue audio; waits while more than a fraction of a second is queued already."""

    async def drain(self) -> None:
        """Wait until everything written has been handed to the device and has left it."""

    def set_gain(self, gain: float, ramp_s: float) -> None:
        """Make what has not been handed to the device yet louder or quieter by the factor `gain` (1.0 at first; 0.25
        is 12 dB less), on a straight line within `ramp_s` seconds. Counts and the pace of playback stay."""

    def pause(self) -> None:
        """Silence within one block of the device, without a click; what is queued waits, and so does who writes."""

    def resume(self) -> None:
        """Go on where it was paused, without a click."""

    def stop(self) -> None:
        """Forget what is queued; silence within one block of the device, without a click."""


class AudioSink(Protocol):
    """A loudspeaker, or something that plays its part. One playback is heard at a time."""

    @property
    def name(self) -> str: ...

    def play(self, rate: int, *, cut_in: bool = False) -> Playback:
        """Begin an utterance whose samples come at `rate` Hz.

        Ends the one before it, as `stop` would; `cut_in` leaves it to go on later, and whoever plays it has paused it.
        """
