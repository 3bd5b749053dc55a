"""What the loudspeaker played, as the microphone's clock sees it: the far end that an echo canceller needs."""

import threading
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.devices.microphone import BUFFER_S, Heard, Inbox
from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples
from assistant.audio.resample import Resampler

KEPT = round((BUFFER_S + 1.0) * LISTENING_RATE)
"""Samples. The microphone's blocks may be `BUFFER_S` old when they are read; the rest is the silence before them."""

RESTS_S = BUFFER_S + 1.5
"""Seconds of zeros after which what was played is neither kept any more nor heard: longer than `KEPT`."""

NONE = np.zeros(0, np.float32)

REMEMBERED = 32
"""Blocks, 1 s of them, whose timestamps are believed in their median.

They jump by up to 20 ms and creep while a stream begins. A reference that follows every one of them leaves up to 22 dB
more echo where they jump by 1 ms, and 7 to 26 dB more where by 5 ms (AEC3, recorded speech, echo 10 dB below it).
"""

TOLERANCE = LISTENING_RATE // 125
"""Samples (8 ms) by which the reference may be off. The canceller finds such a delay itself, if it stays."""

SLIP_EVERY = 10
"""Blocks between two moves by one sample: enough for a drift of 195 ppm.

Two devices' quartz clocks differ by 100 ppm at most. Moves for 100 ppm left 1 to 3 dB more echo in most seconds, and
11 dB more in the worst of eleven, at 28 dB below the echo still; Silero took 4 blocks of 1060 for speech.
"""

PATH_CHANGE = 15 * LISTENING_RATE // 1000
"""Samples (15 ms). Off by more is no drift but another way through the sound server, taken over at once: a reference
that comes too late is of no use, and one that is asked for too early is not there yet."""


class Reference:
    """What a loudspeaker at `rate` Hz plays, until it is read beside the microphone's blocks.

    Both streams are counted in samples. Timestamps only say, in the long run, which samples belong together.
    """

    def __init__(self, rate: int) -> None:
        self._lock = threading.Lock()
        self._inbox = Inbox(rate)
        self._heard_until = 0
        self.begin(rate)

    def begin(self, rate: int) -> None:
        """The loudspeaker, closed as yet, will play at `rate` Hz; nothing that was played before counts any more.
        May be called in any thread."""
        with self._lock:
            self._inbox.begin(rate)
            self._played = _Played(rate)
            self._shift: int | None = None
            """Position in what was played minus position of the microphone, for the same moment."""
            self._told: deque[float] = deque(maxlen=REMEMBERED)
            """The same as the timestamps have it."""
            self._since_slip = 0

    def put(self, samples: Samples, gone_at: float, ran_dry: bool, *, silent: bool = False) -> None:
        """Take what the device was given; arguments as of `devices.Fill`. Called in its thread: only copies.

        `silent`: nothing has been played for `RESTS_S`; the samples are zeros.
        """
        self._inbox.put(samples, gone_at, ran_dry, silent=silent)

    @property
    def rests(self) -> bool:
        """Nothing has been played for so long that nothing of it is in the microphone."""
        return self._played.rests

    def beside(self, block: AudioBlock, ahead: int = 0) -> Samples:
        """What left the loudspeaker `ahead` samples after each sample of `block` was captured, at `LISTENING_RATE`.

        Zeros where nothing is known: not yet, no more, or because the device had nothing. Blocks that follow each other
        get samples that do, except for moves by a sample (see `SLIP_EVERY`) and where the path changes.
        """
        with self._lock:
            return self._beside(block, ahead)

    def _beside(self, block: AudioBlock, ahead: int) -> Samples:
        gaps = [self._played.append(heard) for heard in self._inbox.take()]
        if any(gaps) or block.start != self._heard_until:
            self._told.clear()  # how long a gap was is a guess: what comes after it is believed at once
        if not self.rests or block.start // len(block.samples) % SLIP_EVERY == 0:
            self._align(block, ahead)
        self._heard_until = block.end
        if self._shift is None:
            return np.zeros(len(block.samples), np.float32)
        return self._played.between(block.start + self._shift, block.end + self._shift)

    def _align(self, block: AudioBlock, ahead: int) -> None:
        position = self._played.position_at(block.moment(block.start))
        if position is None:
            return
        if block.start < self._heard_until:
            self._shift = None  # the microphone counts anew
        self._told.append(position + ahead - block.start)
        told = float(np.median(self._told))
        self._since_slip += 1
        if self._shift is None or abs(told - self._shift) > PATH_CHANGE:
            self._shift = round(told)
        elif abs(told - self._shift) > TOLERANCE and self._since_slip >= SLIP_EVERY:
            self._shift += 1 if told > self._shift else -1
            self._since_slip = 0


@dataclass(frozen=True, slots=True)
class _Told:
    """The device's word for when the sample before `position` has left it."""

    position: float
    gone_at: float


class _Played:
    """The last `KEPT` samples that left the loudspeaker, at `LISTENING_RATE`, counted from the first."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._first: int | None = None
        self._expected = 0
        self._resampler = Resampler(rate, LISTENING_RATE)
        self._samples = np.zeros(0, np.float32)
        self._end = 0
        self._told: deque[_Told] = deque()
        self.rests = False

    def append(self, heard: Heard) -> bool:
        """Take what comes next, or later after a gap; tells whether there was one."""
        if self._first is None:
            self._first = self._expected = heard.position
        gap = heard.position != self._expected
        if gap:
            self._extend(np.zeros(min(KEPT, max(0, round(self._position(heard.position)) - self._end)), np.float32))
        if gap or (self.rests and not heard.silent):
            self._end = round(self._position(heard.position))
            self._resampler = Resampler(self._rate, LISTENING_RATE)
        self._expected = heard.end
        self.rests = heard.silent
        if heard.silent:  # what was kept is as silent by now
            self._samples, self._end = NONE, round(self._position(heard.end))
        else:
            self._extend(self._resampler.push(heard.samples))
        self._told.append(_Told(self._position(heard.end), heard.captured_at))
        while self._told[0].position < self._end - KEPT:
            self._told.popleft()
        return gap

    def position_at(self, moment: float) -> float | None:
        """The sample that left the device at `moment`; None before anything has."""
        if not self._told:
            return None
        nearest = min(bisect_left(self._told, moment, key=lambda told: told.gone_at), len(self._told) - 1)
        told = self._told[nearest]
        return told.position - (told.gone_at - moment) * LISTENING_RATE

    def between(self, start: int, end: int) -> Samples:
        """Zeros for what is not kept."""
        found = np.zeros(end - start, np.float32)
        begin = self._end - len(self._samples)
        first, last = max(start, begin), min(end, self._end)
        if first < last:
            found[first - start : last - start] = self._samples[first - begin : last - begin]
        return found

    def _position(self, position: int) -> float:
        """A position of the device at `LISTENING_RATE`."""
        return (position - (self._first or 0)) * LISTENING_RATE / self._rate

    def _extend(self, samples: Samples) -> None:
        self._samples = np.concatenate([self._samples, samples])[-KEPT:]
        self._end += len(samples)
