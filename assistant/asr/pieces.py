"""Cutting a recording into utterances that fit the recogniser's window."""

from collections.abc import Iterator

import numpy as np

from assistant.audio.pcm import BLOCK, Samples
from assistant.config import Turns
from assistant.turns.segmenter import Committed, Segmenter, SpeechStarted, samples
from assistant.vad.base import VoiceActivity

PAUSES = Turns(mode="silence", onset_ms=64, soft_end_ms=96, endpoint_ms=700, pre_roll_ms=320)
"""Utterances of a file end at pauses of 0.7 s: shorter ones would take context from the recogniser without need, and
nobody waits. The pre-roll is also the tail kept after the last speech."""


def speech_pieces(audio: Samples, activity: VoiceActivity) -> Iterator[Samples]:
    """The utterances in `audio` (16 kHz), in order, each at most 30 s."""
    activity.reset()
    segmenter = Segmenter(PAUSES)
    margin = samples(PAUSES.pre_roll_ms)
    onset: int | None = None
    padded = np.pad(audio, (0, samples(PAUSES.endpoint_ms) + 2 * BLOCK))
    for start in range(0, len(padded) - BLOCK + 1, BLOCK):
        block = padded[start : start + BLOCK]
        for signal in segmenter.feed(activity.probability(block), start, start + BLOCK):
            match signal:
                case SpeechStarted(onset=first):
                    onset = max(0, first - margin)
                case Committed(speech_end=end) if onset is not None:
                    yield audio[onset : end + margin]
                    onset = None
                    segmenter.rearm()
