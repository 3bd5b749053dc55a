"""Wake words in recordings of them, and in everything else."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.clips import Clip
from assistant.bench.conversation.room import speaking
from assistant.bench.conversation.talk import USER_DB
from assistant.bench.conversation.trial import Recorded, Trial
from assistant.wake.base import Detection, WakeWordDetector

QUIETER_DB = 12.0
"""Across the room instead of in front of the device."""

ABOVE_NOISE_DB = 10.0
"""Speech over noise, in the variants that have noise."""

BEFORE_S = 1.0
AFTER_S = 1.5
"""Silence around a wake word."""

GAP_S = 0.4
"""Silence between the recordings of a long negative."""


def word_of(clip: Clip) -> str:
    """The wake word that `clip` holds, spelled as in the configuration; empty for none."""
    return clip.wake_word.replace(" ", "_") if clip.wake_word else ""


def is_negative(clip: Clip, words: Sequence[str]) -> bool:
    """Whether nothing in `clip` is meant to wake. One in which a part of a word is said ("Mycroft") is neither."""
    parts = {part for word in words for part in word.split("_")} - {"hey", "okay"}
    return not parts & set(word_of(clip).split("_"))


def wake_trials(
    recordings: Sequence[Recorded], words: Sequence[str], detector: Callable[[], WakeWordDetector]
) -> Iterator[Trial]:
    """Every recording of one of `words`: as loud as a near user, 12 dB quieter, and over each recorded noise.

    `detector` loads the words afresh, as each trial is a stream of its own.
    """
    noises = [recorded.samples for recorded in recordings if recorded.clip.kind == "noise"]
    for recorded in recordings:
        if word_of(recorded.clip) in words:
            near = speaking(recorded.samples, USER_DB)
            variants = {"near": near, "far": near * np.float32(10 ** (-QUIETER_DB / 20))}
            for number, noise in enumerate(noises, 1):
                variants[f"noise {number}"] = near + _under(noise, len(near))
            for variant, samples in variants.items():
                yield _trial(recorded.clip, variant, samples, detector())


def _trial(clip: Clip, variant: str, samples: Samples, detector: WakeWordDetector) -> Trial:
    before, after = (np.zeros(round(s * LISTENING_RATE), np.float32) for s in (BEFORE_S, AFTER_S))
    wakes = [w for w in spot(np.concatenate([before, samples, after]), detector) if w.word == word_of(clip)]
    latency = None
    if wakes and clip.speech_end_s is not None and clip.kind == "wakeword":
        latency = (wakes[-1].at - len(before)) / LISTENING_RATE * 1000 - clip.speech_end_s * 1000
    return Trial(
        measure="wake",
        clip=clip.name,
        variant=variant,
        passed=bool(wakes),
        ms=None if latency is None else round(latency, 1),
    )


def negatives(recordings: Sequence[Recorded], words: Sequence[str]) -> Iterator[Samples]:
    """Long streams without a wake word, each made of every recording that holds none.

    All of them near, far, over each noise, and two at a time as at a table where people talk across each other.
    """
    chosen = [recorded for recorded in recordings if is_negative(recorded.clip, words)]
    noises = [recorded.samples for recorded in chosen if recorded.clip.kind == "noise"]
    speech = [speaking(recorded.samples, USER_DB) for recorded in chosen if recorded.clip.kind != "noise"]
    if noises:
        yield _in_a_row(noises)
    if not speech:
        return
    row = _in_a_row(speech)
    yield row
    yield row * np.float32(10 ** (-QUIETER_DB / 20))
    for noise in noises:
        yield row + _under(noise, len(row))
    for shift in range(1, 4):
        others = [speech[(number + shift * 7) % len(speech)] for number in range(len(speech))]
        yield _in_a_row([_together(one, other) for one, other in zip(speech, others, strict=True)])


def spot(samples: Samples, detector: WakeWordDetector) -> Iterator[Detection]:
    """Yield what `detector` detects in `samples`."""
    edges = range(0, len(samples) + 1, BLOCK)
    for start, end in pairwise(edges):
        if wake := detector.detect(AudioBlock(samples[start:end], start, end / LISTENING_RATE)):
            yield wake


def _in_a_row(clips: Sequence[Samples]) -> Samples:
    gap = np.zeros(round(GAP_S * LISTENING_RATE), np.float32)
    return np.concatenate([part for clip in clips for part in (clip, gap)])


def _together(one: Samples, other: Samples) -> Samples:
    both = np.zeros(max(len(one), len(other)), np.float32)
    both[: len(one)] += one
    both[: len(other)] += other
    return both


def _under(noise: Samples, count: int) -> Samples:
    """`noise`, as long as needed, below the user's speech."""
    return speaking(np.resize(noise, count), USER_DB - ABOVE_NOISE_DB)
