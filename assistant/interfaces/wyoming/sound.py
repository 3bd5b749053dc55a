"""Audio in Wyoming's form, any rate and width, and in ours."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk
from wyoming.event import Event

from assistant.audio.pcm import LISTENING_RATE, Samples, to_int16
from assistant.audio.resample import Resampler
from assistant.errors import AssistantError, Code

WIDTHS: dict[int, tuple[np.dtype[Any], float, float]] = {
    1: (np.dtype("u1"), 128.0, 128.0),
    2: (np.dtype("<i2"), 0.0, 32_768.0),
    3: (np.dtype("<i4"), 0.0, 2.0**31),
    4: (np.dtype("<i4"), 0.0, 2.0**31),
}
"""Bytes of a sample: its type, its middle and its scale. Samples of 24 bits become the upper ones of 32."""

CHUNK_WIDTH = 2

PIECE = 8192
"""Frames that are converted at once: the longest that the event loop waits, 2 ms; a whole event may take half a second
(1 MiB at 4000 Hz)."""
MAX_CHANNELS = 8
RATES = range(4000, 192_001)


class Listener:
    """Converts what a client sends to mono at `LISTENING_RATE`."""

    def __init__(self) -> None:
        self._rate = 0
        self._resampler: Resampler | None = None
        self._frame_bytes = 0
        self._rest = b""
        """The beginning of a frame, of which the rest comes with the next chunk."""

    def take(self, event: Event) -> Iterator[Samples]:
        """Yield the samples of an audio chunk, piece by piece. Raises `AssistantError` (`wyoming.malformed`)."""
        rate, width, channels = (_whole(event.data.get(name)) for name in ("rate", "width", "channels"))
        if rate not in RATES or width not in WIDTHS or channels not in range(1, MAX_CHANNELS + 1):
            raise AssistantError(
                Code.WYOMING_MALFORMED,
                f"audio of {rate} Hz, {width} bytes and {channels} channels; expected {RATES[0]} to {RATES[-1]} Hz, "
                f"1 to 4 bytes, 1 to {MAX_CHANNELS} channels",
            )
        if rate != self._rate or self._resampler is None:
            self._rate, self._resampler = rate, Resampler(rate, LISTENING_RATE)
        _, middle, scale = WIDTHS[width]
        frames = _samples(self._whole_frames(event.payload or b"", width * channels), width).reshape(-1, channels)
        for start in range(0, len(frames), PIECE):
            mono = frames[start : start + PIECE].mean(axis=1, dtype=np.float64)
            yield self._resampler.push(((mono - middle) / scale).astype(np.float32))

    def _whole_frames(self, payload: bytes, frame_bytes: int) -> bytes:
        """Return the frames that `payload` completes: chunks of 1024 bytes cut frames of 24 bits in two."""
        payload = (self._rest if frame_bytes == self._frame_bytes else b"") + payload
        end = len(payload) // frame_bytes * frame_bytes
        self._frame_bytes, self._rest = frame_bytes, payload[end:]
        return payload[:end]


def _samples(payload: bytes, width: int) -> NDArray[Any]:
    if width != 3:
        return np.frombuffer(payload, WIDTHS[width][0])
    padded = np.zeros((len(payload) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(payload, np.uint8).reshape(-1, 3)
    return padded.reshape(-1).view(WIDTHS[width][0])


def _whole(value: object) -> int:
    """Return a whole number, also one that is written as 16000.0. Raises `AssistantError` (`wyoming.malformed`)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
        raise AssistantError(Code.WYOMING_MALFORMED, "rate, width and channels of audio are whole numbers")
    return int(value)


def chunk(samples: Samples, rate: int) -> Event:
    """Encode `samples` as an event."""
    return AudioChunk(rate, CHUNK_WIDTH, 1, to_int16(samples).tobytes()).event()
