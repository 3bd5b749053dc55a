"""When a person begins, pauses, resumes and finishes: a pure state machine over speech probabilities.

It holds no clock, model or thread: time is counted in samples of the audio it is told about.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.audio.pcm import LISTENING_RATE
from assistant.config import Turns


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`onset` is the first sample of speech, `at` the sample at which that became certain."""

    onset: int
    at: int


@dataclass(frozen=True, slots=True)
class SoftEnd:
    """A short silence: prepare the answer. `speech_end` is the sample after the last speech."""

    speech_end: int
    at: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Speech after a soft end: what was prepared is void, the utterance goes on."""

    at: int


@dataclass(frozen=True, slots=True)
class Committed:
    """The user has finished. Nothing more comes until `rearm`."""

    speech_end: int
    at: int


Signal = SpeechStarted | SoftEnd | Resumed | Committed

HYSTERESIS = 0.15
"""Speech ends below `threshold - HYSTERESIS`, so that a probability that hovers at the threshold does not flap. The
value is that of Silero's own `get_speech_timestamps`."""


class Segmenter:
    """Signals for one utterance: `SpeechStarted (SoftEnd (Resumed SoftEnd)*) Committed`, then silence until `rearm`."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.rearm()

    def rearm(self) -> None:
        """Wait for the next utterance."""
        self._speaking = False
        self._soft = False
        self._done = False
        self._onset: int | None = None
        self._speech_end = 0

    def feed(self, probability: float, start: int, end: int) -> Iterator[Signal]:
        """Take the speech probability of the samples from `start` to `end`; yield what it means."""
        if self._done:
            return
        is_speech = probability >= self._turns.threshold - (HYSTERESIS if self._speaking and not self._soft else 0.0)
        if not self._speaking:
            yield from self._before(is_speech, start, end)
            return
        if is_speech:
            yield from self._in_speech(end)
        else:
            yield from self._in_silence(end)
        yield from self._too_long(end)

    def _before(self, is_speech: bool, start: int, end: int) -> Iterator[Signal]:
        if not is_speech:
            self._onset = None
            return
        if self._onset is None:
            self._onset = start
        if end - self._onset >= samples(self._turns.onset_ms):
            self._speaking = True
            self._speech_end = end
            yield SpeechStarted(onset=self._onset, at=end)

    def _in_speech(self, end: int) -> Iterator[Signal]:
        self._speech_end = end
        if self._soft:
            self._soft = False
            yield Resumed(at=end)

    def _in_silence(self, end: int) -> Iterator[Signal]:
        silence = end - self._speech_end
        if not self._soft and silence >= samples(self._turns.soft_end_ms):
            self._soft = True
            yield SoftEnd(speech_end=self._speech_end, at=end)
        if silence >= samples(self._turns.endpoint_ms):
            yield self._commit(end)

    def _too_long(self, end: int) -> Iterator[Signal]:
        onset = self._onset if self._onset is not None else end
        if self._done or end - onset < self._turns.max_utterance_s * LISTENING_RATE:
            return
        if not self._soft:
            yield SoftEnd(speech_end=self._speech_end, at=end)
        yield self._commit(end)

    def _commit(self, end: int) -> Committed:
        self._done = True
        return Committed(speech_end=self._speech_end, at=end)


def samples(milliseconds: int) -> int:
    """Milliseconds as samples of the audio clock."""
    return milliseconds * LISTENING_RATE // 1000
