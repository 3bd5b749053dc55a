"""Wake word detection: hits on recordings of the words, false wakes on everything else."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.clips import Clip
from assistant.bench.conversation.simulated_room import USER_DB, at_speech_level
from assistant.bench.conversation.trial import ConversationTrial, LoadedClip
from assistant.wake.base import Detection, WakeWordDetector

QUIETER_DB = 12.0
"""Attenuation of the far condition: the user is across the room instead of in front of the device."""

SNR_DB = 10.0
"""Signal-to-noise ratio of the noisy conditions."""

LEAD_S = 1.0
TAIL_S = 1.5
"""Silence before and after a wake word."""

GAP_S = 0.4
"""Silence between the recordings of a negative stream."""


def word_of(clip: Clip) -> str:
    """Return the wake word in `clip`, spelled as in the configuration; empty for none."""
    return clip.wake_word.replace(" ", "_") if clip.wake_word else ""


def is_negative(clip: Clip, words: Sequence[str]) -> bool:
    """Whether `clip` is a negative example for `words`.

    A clip with only part of a wake word ("Mycroft") is neither positive nor negative.
    """
    parts = {part for word in words for part in word.split("_")} - {"hey", "okay"}
    return not parts & set(word_of(clip).split("_"))


def wake_trials(
    clips: Sequence[LoadedClip], words: Sequence[str], detector: Callable[[], WakeWordDetector]
) -> Iterator[ConversationTrial]:
    """Try every recording of one of `words`: at a near talker's level, 12 dB below it, and over each recorded noise.

    `detector` creates a detector; each trial is a stream of its own and needs a new one.
    """
    noises = [loaded.samples for loaded in clips if loaded.clip.kind == "noise"]
    for loaded in clips:
        if word_of(loaded.clip) in words:
            near = at_speech_level(loaded.samples, USER_DB)
            variants = {"near": near, "far": near * np.float32(10 ** (-QUIETER_DB / 20))}
            for number, noise in enumerate(noises, 1):
                variants[f"noise {number}"] = near + _noise_under_speech(noise, len(near))
            for variant, samples in variants.items():
                yield _trial(loaded.clip, variant, samples, detector())


def _trial(clip: Clip, variant: str, samples: Samples, detector: WakeWordDetector) -> ConversationTrial:
    before, after = (np.zeros(round(s * LISTENING_RATE), np.float32) for s in (LEAD_S, TAIL_S))
    wakes = [w for w in spot(np.concatenate([before, samples, after]), detector) if w.word == word_of(clip)]
    latency = None
    if wakes and clip.speech_end_s is not None and clip.kind == "wakeword":
        latency = (wakes[-1].at - len(before)) / LISTENING_RATE * 1000 - clip.speech_end_s * 1000
    return ConversationTrial(
        measure="wake",
        clip=clip.name,
        variant=variant,
        passed=bool(wakes),
        ms=None if latency is None else round(latency, 1),
    )


def negatives(clips: Sequence[LoadedClip], words: Sequence[str]) -> Iterator[Samples]:
    """Yield long streams without a wake word, each made of every negative recording.

    Near, far, over each noise, and in overlapping pairs, as when several people talk at once.
    """
    chosen = [loaded for loaded in clips if is_negative(loaded.clip, words)]
    noises = [loaded.samples for loaded in chosen if loaded.clip.kind == "noise"]
    speech = [at_speech_level(loaded.samples, USER_DB) for loaded in chosen if loaded.clip.kind != "noise"]
    if noises:
        yield _concatenate(noises)
    if not speech:
        return
    row = _concatenate(speech)
    yield row
    yield row * np.float32(10 ** (-QUIETER_DB / 20))
    for noise in noises:
        yield row + _noise_under_speech(noise, len(row))
    for shift in range(1, 4):
        others = [speech[(number + shift * 7) % len(speech)] for number in range(len(speech))]
        yield _concatenate([_mix(one, other) for one, other in zip(speech, others, strict=True)])


def spot(samples: Samples, detector: WakeWordDetector) -> Iterator[Detection]:
    """Yield the wake words that `detector` detects in `samples`."""
    edges = range(0, len(samples) + 1, BLOCK)
    for start, end in pairwise(edges):
        if wake := detector.detect(AudioBlock(samples[start:end], start, end / LISTENING_RATE)):
            yield wake


def _concatenate(clips: Sequence[Samples]) -> Samples:
    gap = np.zeros(round(GAP_S * LISTENING_RATE), np.float32)
    return np.concatenate([part for clip in clips for part in (clip, gap)])


def _mix(one: Samples, other: Samples) -> Samples:
    mixed = np.zeros(max(len(one), len(other)), np.float32)
    mixed[: len(one)] += one
    mixed[: len(other)] += other
    return mixed


def _noise_under_speech(noise: Samples, count: int) -> Samples:
    """Repeat or cut `noise` to `count` samples, at `SNR_DB` below the user's speech."""
    return at_speech_level(np.resize(noise, count), USER_DB - SNR_DB)
