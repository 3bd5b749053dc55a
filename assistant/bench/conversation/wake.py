"""Wake word detection: hits on recordings of the words, false wakes on everything else."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.bench.clips import Clip
from assistant.bench.conversation.simulated_room import USER_DB, at_speech_level
from assistant.bench.conversation.trial import ConversationTrial, LoadedClip
from assistant.wake.base import Candidate, Detection, WakeWordDetector

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

    A clip with only part of a wake word ("Mycroft") is neither positive nor negative, nor is one made to resemble it.
    """
    if clip.kind == "near_miss":
        return False
    parts = {part for word in words for part in word.split("_")} - {"hey", "okay"}
    return not parts & set(word_of(clip).split("_"))


def wake_trials(
    clips: Sequence[LoadedClip], words: Sequence[str], detector: Callable[[], WakeWordDetector]
) -> Iterator[ConversationTrial]:
    """Try every recording of one of `words`: at a near talker's level, 12 dB below it, and over each recorded noise.

    `detector` creates a detector; each trial is a stream of its own and needs a new one.
    """
    for clip, variant, samples in said(clips, words):
        yield _trial(clip, variant, samples, detector())


def said(clips: Sequence[LoadedClip], words: Sequence[str]) -> Iterator[tuple[Clip, str, Samples]]:
    """Yield every recording of one of `words` in each condition, with silence around it, and the condition's name."""
    noises = [loaded.samples for loaded in clips if loaded.clip.kind == "noise"]
    for loaded in clips:
        if word_of(loaded.clip) in words:
            near = at_speech_level(loaded.samples, USER_DB)
            yield loaded.clip, "near", in_silence(near)
            yield loaded.clip, "far", in_silence(near * np.float32(10 ** (-QUIETER_DB / 20)))
            for number, noise in enumerate(noises, 1):
                yield loaded.clip, f"noise {number}", in_silence(near + _noise_under_speech(noise, len(near)))


def in_silence(samples: Samples) -> Samples:
    """Put `LEAD_S` of silence before `samples` and `TAIL_S` after them."""
    before, after = (np.zeros(round(seconds * LISTENING_RATE), np.float32) for seconds in (LEAD_S, TAIL_S))
    return np.concatenate([before, samples, after])


def near_miss_trials(
    clips: Sequence[LoadedClip], detector: Callable[[], WakeWordDetector]
) -> Iterator[ConversationTrial]:
    """Try every recording of a sentence that was made to resemble a wake word; none should wake."""
    for clip, samples in near_misses(clips):
        wakes = list(spot(samples, detector()))
        yield ConversationTrial(measure="near_miss", clip=clip.name, variant="", passed=not wakes)


def near_misses(clips: Sequence[LoadedClip]) -> Iterator[tuple[Clip, Samples]]:
    """Yield every sentence that was made to resemble a wake word, at a near talker's level."""
    for loaded in clips:
        if loaded.clip.kind == "near_miss":
            yield loaded.clip, in_silence(at_speech_level(loaded.samples, USER_DB))


def _trial(clip: Clip, variant: str, samples: Samples, detector: WakeWordDetector) -> ConversationTrial:
    wakes = [wake for wake in spot(samples, detector) if wake.word == word_of(clip)]
    latency = None
    if wakes and clip.speech_end_s is not None and clip.kind == "wakeword":
        latency = (wakes[-1].at / LISTENING_RATE - LEAD_S - clip.speech_end_s) * 1000
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
    """Yield the wake words that `detector` detects in `samples`; `at` is later by the time that a second look took."""
    edges = range(0, len(samples) + 1, BLOCK)
    for start, end in pairwise(edges):
        found = detector.detect(AudioBlock(samples[start:end], start, end / LISTENING_RATE))
        began = time.perf_counter()
        if isinstance(found, Candidate):
            found = found.look()
        if found is not None:
            yield replace(found, at=found.at + round((time.perf_counter() - began) * LISTENING_RATE))


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
