"""Sample-rate conversion of streams with soxr, where every millisecond held back adds to the latency."""

import numpy as np

from assistant.audio.pcm import Samples


class Resampler:
    """Converts a stream piece by piece.

    Output sample k is that of the instant k / `to_rate` of the stream, but comes some milliseconds later. soxr's
    fixed-rate filters work in blocks of their own and hold back up to 37 ms (48 to 16 kHz) or 42 ms (22.05 to 48 kHz);
    its variable-rate filter, used here, holds back a constant 12.5 and 10.9 ms, passes 7.5 kHz undamped on the way to
    16 kHz, damps what would fold back by 110 dB, and is 0.1 ms off in time (tests/audio/test_resample.py).
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        import soxr

        self._same = from_rate == to_rate
        self._stream = soxr.ResampleStream(from_rate, to_rate, 1, "float32", "HQ", vr=True)

    def push(self, samples: Samples) -> Samples:
        """Take the next `samples`, of any length; return the output that they complete."""
        if self._same:
            return samples
        return self._convert(np.ascontiguousarray(samples, np.float32), last=False)

    def finish(self) -> Samples:
        """Return what was held back, at the end of the stream. The next `push` begins another stream."""
        rest = self._convert(np.zeros(0, np.float32), last=True)
        self._stream.clear()
        return rest

    def _convert(self, samples: Samples, *, last: bool) -> Samples:
        converted: Samples = self._stream.resample_chunk(samples, last)
        return converted
