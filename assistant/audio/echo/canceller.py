"""Echo cancellation: WebRTC's AEC3 from the `livekit` package, of which nothing else is used."""

from typing import TYPE_CHECKING

import numpy as np

from assistant.audio.echo.convergence import Convergence
from assistant.audio.pcm import LISTENING_RATE, Samples, from_int16, to_int16
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from livekit.rtc.audio_frame import AudioFrame

FRAME = LISTENING_RATE // 100
"""Samples that AEC3 takes at a time."""

STEP = 32
"""Blocks are a multiple of this: the greatest number that 512 and `FRAME` are multiples of."""

MAX_PENDING = FRAME - STEP
"""Samples by which blocks of such lengths may fall short of whole frames."""

FILTER_DELAY = 127
SUPPRESSION_DELAY = 96
"""Samples that AEC3, and noise suppression behind it, hold back (the peak of the correlation of speech with itself)."""


class EchoCanceller:
    """Takes what the loudspeaker played out of the microphone; one instance for as long as both stay where they are.

    A block of 512 samples takes 0.5 ms of one x86 core, 0.16 ms for 10 ms. Loading takes 0.15 s and 24 MB of memory;
    the library starts four threads of its own, which sleep and end with the process, and opens no connection.
    What it has learnt of the path is kept while nothing is played.
    """

    def __init__(self, *, noise_suppression: bool = False) -> None:
        """Load the library. Raises `AssistantError` (`echo.library_missing`). Frequencies below 100 Hz are damped.

        Noise suppression serves human listeners, not recognition. Word error rate of whisper-base on 17 clips of
        tests/speech: in a quiet room 0.14 with and without it; over the assistant, equally loud in the microphone, 0.68
        with it and 0.62 without (0.91 uncleaned); when that is lowered by 12 dB after 0.3 s, 0.41 and 0.30.
        """
        self._frames = _Frames(noise_suppression)
        self._delay = MAX_PENDING + FILTER_DELAY + (SUPPRESSION_DELAY if noise_suppression else 0)
        self._convergence = Convergence()
        self.begin()

    @property
    def delay(self) -> int:
        """Samples between a sound's way in and its way out: 255 (16 ms), 351 with noise suppression."""
        return self._delay

    @property
    def convergence(self) -> Convergence:
        """How much of the echo is left."""
        return self._convergence

    def begin(self) -> None:
        """Start a new stretch of audio that does not follow the last one. What was learnt of the path is kept."""
        self._near = self._far = np.zeros(0, np.float32)
        self._cleaned = np.zeros(MAX_PENDING, np.float32)

    def clean(self, near: Samples, far: Samples) -> Samples:
        """Return `near`, the microphone's signal, as it was `delay` samples ago and without the echo of `far`.

        Both at `LISTENING_RATE`, equally long, a multiple of `STEP`; the echo of a sample of `far` must be in `near` at
        the same place or later, by half a second at most.
        """
        if len(near) != len(far) or len(near) % STEP:
            raise ValueError(f"blocks of {len(near)} and {len(far)} samples, not of the same multiple of {STEP}")
        self._near, self._far = np.concatenate([self._near, near]), np.concatenate([self._far, far])
        cleaned = [self._cleaned]
        while len(self._near) >= FRAME:
            cleaned.append(self._clean_frame(self._near[:FRAME], self._far[:FRAME]))
            self._near, self._far = self._near[FRAME:], self._far[FRAME:]
        whole = np.concatenate(cleaned)
        self._cleaned = whole[len(near) :]
        return whole[: len(near)]

    def _clean_frame(self, near: Samples, far: Samples) -> Samples:
        cleaned = self._frames.clean(near, far)
        self._convergence.observe(near, far, cleaned)
        return cleaned


class _Frames:
    """Wraps AEC3, which works frame by frame."""

    def __init__(self, noise_suppression: bool) -> None:
        try:
            from livekit.rtc.apm import AudioProcessingModule
            from livekit.rtc.audio_frame import AudioFrame

            self._frame = AudioFrame
            self._module = AudioProcessingModule(
                echo_cancellation=True, noise_suppression=noise_suppression, high_pass_filter=True
            )
        except ImportError as error:
            raise AssistantError(
                Code.ECHO_LIBRARY_MISSING,
                "echo cancellation needs the livekit package; `pip install 'assistant[echo]'`, or turn it off in the "
                "configuration",
            ) from error

    def clean(self, near: Samples, far: Samples) -> Samples:
        self._module.process_reverse_stream(self._of(far))
        frame = self._of(near)
        self._module.process_stream(frame)
        return from_int16(np.frombuffer(frame.data, np.int16))

    def _of(self, samples: Samples) -> "AudioFrame":
        return self._frame(bytearray(to_int16(samples)), LISTENING_RATE, 1, FRAME)
