"""Cutting audio at its pauses into utterances that fit the recogniser's window."""

from collections.abc import Iterator

import numpy as np

from assistant.audio.pcm import BLOCK, Samples
from assistant.config.schema import Turns
from assistant.turns.segmenter import Committed, Segmenter, SpeechStarted, samples
from assistant.vad.base import VoiceActivity

PAUSES = Turns(mode="silence", onset_ms=64, soft_end_ms=96, endpoint_ms=700, pre_roll_ms=320)
"""Utterances of a file end at pauses of 0.7 s. Shorter ones would deprive the recogniser of context, and no speaker is
waiting for an answer. The pre-roll is also the length of the tail kept after the last speech."""


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

    def _append(self, audio: Samples) -> None:
        self._audio = np.concatenate([self._audio, audio])

    def _follow(self) -> Iterator[Samples]:
        while self._seen + BLOCK <= self._first + len(self._audio):
            start, self._seen = self._seen, self._seen + BLOCK
            probability = self._activity.probability(self._audio[start - self._first : start - self._first + BLOCK])
            for signal in self._segmenter.feed(probability, start, start + BLOCK):
                match signal:
                    case SpeechStarted(onset=first):
                        self._onset = max(0, first - self._margin)
                    case Committed(speech_end=end) if self._onset is not None:
                        yield self._between(self._onset, min(end + self._margin, self._end))
                        self._onset = None
                        self._segmenter.rearm()

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
