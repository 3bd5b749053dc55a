"""Cutting audio at its pauses into utterances that fit the recogniser's window."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import BLOCK, Samples
from assistant.config.schema import Turns
from assistant.turns.segmenter import Committed, Segmenter, SpeechStarted, samples
from assistant.vad.base import VoiceActivity

PAUSES = Turns(mode="silence", onset_ms=64, soft_end_ms=96, endpoint_ms=700, pre_roll_ms=320)
"""Utterances of a file end at pauses of 0.7 s. Shorter ones would deprive the recogniser of context, and no speaker is
waiting for an answer. The pre-roll is also the length of the tail kept after the last speech."""


SEARCH_S = 8.0
"""Seconds before the end of an utterance that is too long in which its best cut is looked for.

Word error rate of whisper-base on ten texts of 30 to 120 s without pauses (`python -m tests.asr.long_texts`): 10.9%;
15.5% when the cut is at 28 s wherever that is, and the two pieces share 0.64 s.
"""

LEVEL_WEIGHT = 0.02
"""Of a decibel, in units of speech probability: silence in a word is short, and its probability stays high."""


def quietest(probabilities: Sequence[float], blocks: NDArray[np.float32]) -> int:
    """Return the block at whose middle a word is the least likely: the three around it are no speech, and quiet.

    `blocks` has the shape (n, `BLOCK`), and as many `probabilities`; 1 to n - 1.
    """
    levels = 10 * np.log10(np.square(blocks).mean(axis=1) + 1e-10)
    score = np.asarray(probabilities) + LEVEL_WEIGHT * (levels - levels.max(initial=-100.0))
    around = np.convolve(np.pad(score, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    return 1 + int(around[1:].argmin()) if len(around) > 1 else 0


class UtteranceCutter:
    """Turns a stream of audio (16 kHz) into utterances of at most 30 s each."""

    def __init__(self, activity: VoiceActivity) -> None:
        """Take `activity` over for the life of this cutter and reset it."""
        activity.reset()
        self._activity = activity
        self._segmenter = Segmenter(PAUSES)
        self._margin = samples(PAUSES.pre_roll_ms)
        self._audio = np.zeros(0, np.float32)
        self._first = 0
        """Position in the stream of the first sample in `_audio`."""
        self._seen = 0
        """Position up to which voice activity was computed."""
        self._end = 0
        """Position after the last sample that was pushed."""
        self._onset: int | None = None
        self._given_up_to = 0
        """Position up to which audio has been handed out; none is handed out twice."""
        self._probabilities: list[float] = []
        """Of the blocks of the utterance in progress, up to `_seen`."""

    @property
    def current(self) -> Samples:
        """The audio so far of the utterance in progress; empty between utterances."""
        return self._between(self._onset, self._end) if self._onset is not None else np.zeros(0, np.float32)

    def push(self, audio: Samples) -> Iterator[Samples]:
        """Add the next samples and yield the utterances that end in them."""
        self._append(audio)
        self._end += len(audio)
        yield from self._follow()
        self._forget()

    def finish(self) -> Iterator[Samples]:
        """Yield the last utterance, if one is in progress, at the end of the stream."""
        self._append(np.zeros(samples(PAUSES.endpoint_ms) + 2 * BLOCK, np.float32))
        yield from self._follow()
        if self._onset is not None:
            yield self._hand_out(self._end)

    def _append(self, audio: Samples) -> None:
        self._audio = np.concatenate([self._audio, audio])

    def _follow(self) -> Iterator[Samples]:
        while self._seen + BLOCK <= self._first + len(self._audio):
            start, self._seen = self._seen, self._seen + BLOCK
            probability = self._activity.probability(self._audio[start - self._first : start - self._first + BLOCK])
            yield from self._feed(probability, start)

    def _feed(self, probability: float, start: int) -> Iterator[Samples]:
        self._probabilities.append(probability)
        for signal in self._segmenter.feed(probability, start, start + BLOCK):
            match signal:
                case SpeechStarted(onset=first):
                    self._onset = max(self._given_up_to, first - self._margin)
                case Committed(speech_end=end, at=at) if self._onset is not None:
                    if at - end < samples(PAUSES.endpoint_ms):
                        yield from self._cut_in_speech(start + BLOCK)
                    else:
                        yield self._hand_out(min(end + self._margin, self._end))
        if self._onset is None:
            del self._probabilities[:-1]

    def _cut_in_speech(self, seen: int) -> Iterator[Samples]:
        """Cut an utterance that is too long where a word is the least likely, and go on from there."""
        blocks = min(len(self._probabilities), samples(SEARCH_S * 1000) // BLOCK)
        probabilities = self._probabilities[-blocks:]
        audio = self._between(seen - blocks * BLOCK, seen).reshape(blocks, BLOCK)
        cut = quietest(probabilities, audio)
        yield self._hand_out(seen - (blocks - cut) * BLOCK)
        for place in range(cut, blocks):
            yield from self._feed(probabilities[place], seen - (blocks - place) * BLOCK)

    def _hand_out(self, end: int) -> Samples:
        """End the utterance in progress at `end`."""
        assert self._onset is not None
        found = self._between(self._onset, end)
        self._onset = None
        self._given_up_to = end
        self._probabilities.clear()
        self._segmenter.rearm()
        return found

    def _between(self, start: int, end: int) -> Samples:
        return self._audio[max(0, start - self._first) : end - self._first]

    def _forget(self) -> None:
        """Drop audio that neither the current utterance needs nor the next, whose onset is certain only later."""
        needed = self._onset if self._onset is not None else self._seen - 2 * self._margin
        if needed > self._first:
            self._audio = self._audio[needed - self._first :]
            self._first = needed


def cut_utterances(audio: Samples, activity: VoiceActivity) -> Iterator[Samples]:
    """Cut `audio` (16 kHz) into its utterances, in order, each at most 30 s long."""
    cutter = UtteranceCutter(activity)
    yield from cutter.push(audio)
    yield from cutter.finish()
