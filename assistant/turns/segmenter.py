"""Speech segmentation: a pure state machine from speech probabilities to start, pause, resumption and end of a turn.

It holds no clock, model or thread: time is counted in samples of the audio it is fed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from assistant.audio.pcm import LISTENING_RATE
from assistant.config.schema import Turns
from assistant.turns.endpointing import Endpointing


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Speech has lasted for `turns.onset_ms`: `onset` is its first sample, `at` the sample of that decision."""

    onset: int
    at: int


@dataclass(frozen=True, slots=True)
class SoftEnd:
    """A short silence, after which the answer is prepared. `speech_end` is the sample after the last speech."""

    speech_end: int
    at: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Speech after a soft end: the prepared answer is void, the utterance goes on."""

    at: int


@dataclass(frozen=True, slots=True)
class Committed:
    """The user has finished. No signal follows until `rearm`."""

    speech_end: int
    at: int


Signal = SpeechStarted | SoftEnd | Resumed | Committed

HYSTERESIS = 0.15
"""Silence begins below `threshold - HYSTERESIS`, so that a probability that hovers at the threshold does not flap. The
value is that of Silero's own `get_speech_timestamps`."""

FALL_MARGIN = 0.15
RISE_MARGIN = 0.25
"""Margins above the threshold: below the first a pause may have begun, from the second on it is speech again.

Silero falls slowly: on the recordings in tests/speech with a well-known end the block in which speech ends still has
0.9 (median), the next 0.55, the one after that 0.28. A soft end below 0.65 comes 30 to 60 ms sooner than below 0.35.
"""

MAX_THRESHOLD = 0.97
"""Upper bound of the threshold with its margins, so that certain speech can always reach it."""

MAX_HOVER_MS = 128
"""A probability that stays above `threshold - HYSTERESIS` for longer after a fall is a faint voice, not a pause."""


class Segmenter:
    """Signals for one utterance: `SpeechStarted (SoftEnd (Resumed SoftEnd)*) Committed`, then silence until `rearm`.

    `endpointing` decides how long the silence before a commit is, and takes the evidence about the current pause.
    """

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.endpointing = Endpointing(turns)
        self.rearm()

    def rearm(self) -> None:
        """Wait for the next utterance."""
        self._speaking = False
        self._soft = False
        self._done = False
        self._silent = False
        """Whether the probability has been below the hysteresis since the last speech."""
        self._risen = False
        """Whether it has been high since the last soft end, so that a fall means something."""
        self._onset: int | None = None
        self._speech_end = 0
        self._fall = 0
        """The sample at which the probability began to fall: the end of the last block that surely was speech."""
        self.endpointing.new_pause()

    def feed(self, probability: float, start: int, end: int) -> Iterator[Signal]:
        """Take the speech probability of the samples from `start` to `end`; yield the signals it causes."""
        if self._done:
            return
        if not self._speaking:
            yield from self._before(probability, start, end)
            return
        self._follow(probability, end)
        if self._soft:
            yield from self._in_pause(end)
        else:
            yield from self._in_speech(end)
        if end - self._speech_end >= samples(self.endpointing.silence_ms) and self._soft:
            yield self._commit(end)
        yield from self._too_long(end)

    def _before(self, probability: float, start: int, end: int) -> Iterator[Signal]:
        if probability < self._turns.threshold:
            self._onset = None
            return
        self._follow(probability, end)
        if self._onset is None:
            self._onset = start
        if end - self._onset >= samples(self._turns.onset_ms):
            self._speaking = True
            yield SpeechStarted(onset=self._onset, at=end)

    def _follow(self, probability: float, end: int) -> None:
        """Track how far speech surely reaches, and how far it may."""
        threshold = self._turns.threshold
        if probability >= min(threshold + FALL_MARGIN, MAX_THRESHOLD):
            self._fall = end
        if probability >= min(threshold + RISE_MARGIN, MAX_THRESHOLD):
            self._risen = True
        if probability >= threshold - (0.0 if self._silent else HYSTERESIS):
            self._speech_end = end
            self._silent = False
        else:
            self._silent = True

    def _in_speech(self, end: int) -> Iterator[Signal]:
        speech_end = self._fall if self._risen else self._speech_end
        if end - speech_end >= max(1, samples(self._turns.soft_end_ms)):
            self._soft = True
            self._risen = False
            yield SoftEnd(speech_end=speech_end, at=end)

    def _in_pause(self, end: int) -> Iterator[Signal]:
        is_hovering = not self._silent and end - self._fall >= samples(MAX_HOVER_MS)
        if self._risen or is_hovering:
            self._soft = False
            self.endpointing.new_pause()
            yield Resumed(at=end)

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


def samples(milliseconds: float) -> int:
    """Convert milliseconds to samples of the audio clock."""
    return int(milliseconds * LISTENING_RATE / 1000)
