"""A stand-in for the loudspeaker that keeps what it plays, for replies that go to a file or are measured."""

import math

import anyio
import numpy as np

from assistant.audio.pcm import Samples
from assistant.audio.playback import QueuedPlayback

PERIOD_S = 0.02
"""How often a device asks for samples; the loudspeaker's streams do so every 10 to 20 ms."""


class ReplyRecorder:
    """An `AudioSink` that takes samples as a device does: in real time, a period at a time, silence if there are none.

    It needs no task of its own: what a device would have taken by now is worked out when somebody looks.
    """

    name = "recorder"

    def __init__(self) -> None:
        self._rate = 0
        self._playbacks: list[_RecordedPlayback] = []
        self._period = 0
        self._sounds: list[tuple[int, Samples]] = []

    @property
    def rate(self) -> int:
        """Hz of `samples`: that of the first playback, 0 before it."""
        return self._rate

    @property
    def samples(self) -> Samples:
        """What was played so far, from its first sample to its last, silence between included."""
        self.catch_up()
        if not self._sounds:
            return np.zeros(0, np.float32)
        first = self._sounds[0][0]
        last, end = self._sounds[-1]
        played = np.zeros(last + len(end) - first, np.float32)
        for start, sound in self._sounds:
            played[start - first : start - first + len(sound)] = sound
        return played

    def play(self, rate: int) -> QueuedPlayback:
        """Begin an utterance; one at another rate than the first is converted to that."""
        self._rate = self._rate or rate
        self.catch_up()
        for playback in self._playbacks:
            playback.stop()
        playback = _RecordedPlayback(rate, self)
        self._playbacks = [*(other for other in self._playbacks if not other.is_over), playback]
        return playback

    def catch_up(self) -> None:
        """Take what a device would have taken since the last look."""
        now = math.floor(anyio.current_time() / PERIOD_S)
        for period in range(self._period + 1, now + 1):
            if not self._take(period):
                break
        self._period = now

    def _take(self, period: int) -> bool:
        """Whether anything was played in the period that begins `period` periods after the clock's zero."""
        start, end = (math.floor(edge * PERIOD_S * self._rate) for edge in (period, period + 1))
        sound = np.zeros(end - start, np.float32)
        count = 0
        for playback in self._playbacks:
            count += playback.take(sound[count:], period * PERIOD_S, (period + 1) * PERIOD_S)
        if count:
            self._sounds.append((start, sound[:count]))
        return count > 0


class _RecordedPlayback(QueuedPlayback):
    def __init__(self, rate: int, recorder: ReplyRecorder) -> None:
        super().__init__(rate, recorder.rate)
        self._recorder = recorder

    @property
    def started_at(self) -> float | None:
        self._recorder.catch_up()
        return super().started_at

    @property
    def played(self) -> int:
        self._recorder.catch_up()
        return super().played

    def set_gain(self, gain: float, ramp_s: float) -> None:
        self._recorder.catch_up()
        super().set_gain(gain, ramp_s)

    def pause(self) -> None:
        self._recorder.catch_up()
        super().pause()

    def resume(self) -> None:
        self._recorder.catch_up()
        super().resume()

    def stop(self) -> None:
        self._recorder.catch_up()
        super().stop()

    def _put(self, samples: Samples) -> None:
        self._recorder.catch_up()  # an empty queue was silence until now
        super()._put(samples)

    def _watch(self) -> None:
        self._recorder.catch_up()
