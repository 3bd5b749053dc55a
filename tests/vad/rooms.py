"""Quiet rooms, in blocks."""

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, Samples

SECONDS = LISTENING_RATE // BLOCK


def room(seconds: float, noise_db: float = -65.0) -> Samples:
    noise: Samples = np.random.default_rng(1).standard_normal(round(seconds * LISTENING_RATE)).astype(np.float32)
    return noise * np.float32(10 ** (noise_db / 20))


def with_room(samples: Samples, before_s: float) -> Samples:
    """In the middle of a quiet room."""
    heard = room(before_s + len(samples) / LISTENING_RATE + 1.0)
    start = round(before_s * LISTENING_RATE)
    heard[start : start + len(samples)] += samples
    return heard


def blocks(samples: Samples) -> list[Samples]:
    return [samples[start : start + BLOCK] for start in range(0, len(samples) - BLOCK + 1, BLOCK)]
