"""What the loudspeaker played, as the microphone's clock sees it: the far end that an echo canceller needs."""

import threading
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.devices.inbox import BUFFER_S, Delivery, Inbox
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples
from assistant.audio.resample import Resampler

HISTORY = round((BUFFER_S + 1.0) * LISTENING_RATE)
"""Samples kept. The microphone's blocks may be `BUFFER_S` old when they are read; the rest is the silence before them.
"""

IDLE_S = BUFFER_S + 1.5
"""Seconds of zeros after which the reference is idle: longer than `HISTORY`, so nothing that was played is left in it
or in the microphone."""

NONE = np.zeros(0, np.float32)

MEDIAN_BLOCKS = 32
"""Blocks, 1 s of them, over which timestamps are smoothed by their median.

Timestamps jump by up to 20 ms and creep while a stream begins. A reference that follows every one of them leaves up to
22 dB more echo where they jump by 1 ms, and 7 to 26 dB more where by 5 ms (AEC3, recorded speech, echo 10 dB below it).
"""

TOLERANCE = LISTENING_RATE // 125
"""Samples (8 ms) by which the reference may be off. The canceller finds such a delay itself, if it stays."""

SLIP_EVERY = 10
"""Blocks between two moves by one sample: enough for a drift of 195 ppm.

Two devices' quartz clocks differ by 100 ppm at most. Moves for 100 ppm left 1 to 3 dB more echo in most seconds, and
11 dB more in the worst of eleven, at 28 dB below the echo still; Silero took 4 blocks of 1060 for speech.
"""

PATH_CHANGE = 15 * LISTENING_RATE // 1000
"""Samples (15 ms). A larger offset is not drift but another path through the sound server, and is followed at once: a
reference that comes too late is of no use, and one that is asked for too early is not there yet."""


class Reference:
    """Keeps what a loudspeaker at `rate` Hz plays until it is read beside the microphone's blocks.

    Both streams are counted in samples. Timestamps only say, in the long run, which samples belong together.
    """

    def __init__(self, rate: int) -> None:
        self._lock = threading.Lock()
        self._inbox = Inbox(rate)
        self._read_until = 0
        self.begin(rate)

    def begin(self, rate: int) -> None:
        """Expect another loudspeaker at `rate` Hz, not open yet, and discard what was played before.

        May be called in any thread.
        """
        with self._lock:
            self._inbox.begin(rate)
            self._played = _Played(rate)
            self._shift: int | None = None
            """Position in what was played minus position of the microphone, for the same moment."""
            self._stated: deque[float] = deque(maxlen=MEDIAN_BLOCKS)
            """The same according to the timestamps of each block."""
            self._since_slip = 0

    def put(self, samples: Samples, gone_at: float, underrun: bool, *, silent: bool = False) -> None:
        """Append what the device was given; arguments as of `portaudio.OutputCallback`. Called in its thread: only
        copies.

        `silent`: the samples are zeros, as all have been for `IDLE_S`.
        """
        self._inbox.put(samples, gone_at, underrun, silent=silent)

    @property
    def idle(self) -> bool:
        """Whether nothing has been played for so long that none of it can be in the microphone."""
        return self._played.idle

    def beside(self, block: AudioBlock, ahead: int = 0) -> Samples:
        """Return what left the loudspeaker `ahead` samples after each sample of `block` was captured.

        At `LISTENING_RATE`; zeros where nothing is known: not yet, no longer, or because of an underrun. Blocks that
        follow each other get samples that do, except for moves by a sample (see `SLIP_EVERY`) and where the path
        changes.
        """
        with self._lock:
            return self._beside(block, ahead)

    def _beside(self, block: AudioBlock, ahead: int) -> Samples:
        gaps = [self._played.append(delivery) for delivery in self._inbox.take()]
        if any(gaps) or block.start != self._read_until:
            self._stated.clear()  # the length of a gap is a guess: timestamps after it are followed at once
        if not self.idle or block.start // len(block.samples) % SLIP_EVERY == 0:
            self._align(block, ahead)
        self._read_until = block.end
        if self._shift is None:
            return np.zeros(len(block.samples), np.float32)
        return self._played.between(block.start + self._shift, block.end + self._shift)

    def _align(self, block: AudioBlock, ahead: int) -> None:
        position = self._played.position_at(block.moment(block.start))
        if position is None:
            return
        if block.start < self._read_until:
            self._shift = None  # the microphone's audio clock has begun again
        self._stated.append(position + ahead - block.start)
        stated = float(np.median(self._stated))
        self._since_slip += 1
        if self._shift is None or abs(stated - self._shift) > PATH_CHANGE:
            self._shift = round(stated)
        elif abs(stated - self._shift) > TOLERANCE and self._since_slip >= SLIP_EVERY:
            self._shift += 1 if stated > self._shift else -1
            self._since_slip = 0


@dataclass(frozen=True, slots=True)
class _Timestamp:
    """The monotonic time at which the sample before `position` has left the device, as the device states it."""

    position: float
    gone_at: float


class _Played:
    """The last `HISTORY` samples that left the loudspeaker, at `LISTENING_RATE`, counted from the first."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._first: int | None = None
        self._expected = 0
        self._resampler = Resampler(rate, LISTENING_RATE)
        self._samples = np.zeros(0, np.float32)
        self._end = 0
        self._timestamps: deque[_Timestamp] = deque()
        self.idle = False

    def append(self, delivery: Delivery) -> bool:
        """Append `delivery` and return whether there was a gap before it."""
        if self._first is None:
            self._first = self._expected = delivery.position
        gap = delivery.position != self._expected
        if gap:
            self._extend(
                np.zeros(min(HISTORY, max(0, round(self._position(delivery.position)) - self._end)), np.float32)
            )
        if gap or (self.idle and not delivery.silent):
            self._end = round(self._position(delivery.position))
            self._resampler = Resampler(self._rate, LISTENING_RATE)
        self._expected = delivery.end
        self.idle = delivery.silent
        if delivery.silent:  # what is in the history is silent, too, by now
            self._samples, self._end = NONE, round(self._position(delivery.end))
        else:
            self._extend(self._resampler.push(delivery.samples))
        self._timestamps.append(_Timestamp(self._position(delivery.end), delivery.captured_at))
        while self._timestamps[0].position < self._end - HISTORY:
            self._timestamps.popleft()
        return gap

    def position_at(self, moment: float) -> float | None:
        """Position of the sample that left the device at `moment`; None before any has."""
        if not self._timestamps:
            return None
        nearest = min(
            bisect_left(self._timestamps, moment, key=lambda timestamp: timestamp.gone_at), len(self._timestamps) - 1
        )
        timestamp = self._timestamps[nearest]
        return timestamp.position - (timestamp.gone_at - moment) * LISTENING_RATE

    def between(self, start: int, end: int) -> Samples:
        """Return the samples from `start` to `end`, with zeros for those that are not in the history."""
        found = np.zeros(end - start, np.float32)
        begin = self._end - len(self._samples)
        first, last = max(start, begin), min(end, self._end)
        if first < last:
            found[first - start : last - start] = self._samples[first - begin : last - begin]
        return found

    def _position(self, position: int) -> float:
        """Convert a position of the device to `LISTENING_RATE`."""
        return (position - (self._first or 0)) * LISTENING_RATE / self._rate

    def _extend(self, samples: Samples) -> None:
        self._samples = np.concatenate([self._samples, samples])[-HISTORY:]
        self._end += len(samples)
