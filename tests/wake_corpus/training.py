"""Trains the second look: two layers on the speech embedding, for all packaged wake words at once.

A word is wanted from 60 ms before its end, when the streaming models begin to be sure of it, to 300 ms after it.
Everything else is not wanted: its beginning alone, what resembles it, and what people say.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip, read_clips
from assistant.bench.conversation.wake import word_of
from assistant.wake.openwakeword import EMBEDDINGS, WINDOW, SpeechEmbedding
from tests.wake_corpus.sentences import WORDS

LENGTH = 4 * LISTENING_RATE
"""Samples of a scene: a clip with what comes before and after it."""

WANTED_MS = (-60, 300)
UNDECIDED_MS = (-380, 1300)
"""After the end of a word, in ms: windows that are wanted, and those around them that are neither."""

STEP = 1280
"""Samples between two windows of a scene."""

SCENES = {"wakeword": 18, "near_miss": 4, "talk": 2}
"""Scenes made of a clip of each kind."""

KEPT = 3
"""Of the windows in which nobody says anything like a word, one of so many is kept. With all of them, which are then
nine of ten, the words of half of the human speakers in tests/speech score below 0.1."""

NOISES = ((0.7, 3, 30), (0.4, 4, 22))
"""Noises beside a clip: the share of scenes that have it, and the least and the most decibels that it is below."""

HIDDEN, EPOCHS, BATCH = 64, 7, 256
RATE, DECAY, DROPOUT, JITTER = 1.5e-3, 1e-2, 0.3, 0.3
"""Learning rate, decay of the weights per step relative to it, share of hidden values left out, noise in the inputs."""

WORD_WEIGHT = 6.0
"""What a window with the word counts for, beside one without: there are thirty times as many of those."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """A clip in a room, and the sample at which it ends."""

    samples: Samples
    end: int


class Scenery:
    """Puts clips into scenes: another speed, speech before and after, reverberation, noise, any loudness."""

    def __init__(self, rng: np.random.Generator, talk: Sequence[Samples], noises: Sequence[Samples]) -> None:
        self._rng = rng
        self._talk = [each for each in talk if is_short(each)]
        self._noises = noises

    def scene(self, clip: Samples) -> Scene:
        """Return another scene with `clip`."""
        rng = self._rng
        spoken = _trimmed(_at(clip, rng.uniform(0.9, 1.1)))[: 2 * LISTENING_RATE]
        samples = np.zeros(LENGTH, np.float32)
        begin = int(rng.integers(LENGTH // 4, max(LENGTH // 4 + 1, LENGTH - len(spoken) - LISTENING_RATE // 2)))
        end = begin + len(spoken)
        samples[begin:end] = _levelled(spoken)
        if rng.random() < 0.5:
            self._add(samples, end + int(rng.uniform(0, 0.4) * LISTENING_RATE), LENGTH)
        if rng.random() < 0.4:
            self._add(samples, 0, begin - int(rng.uniform(0.1, 0.5) * LISTENING_RATE))
        if rng.random() < 0.5:
            samples = self._reverberated(samples)
        for share, loudest_db, softest_db in NOISES:
            level = 10 ** (-rng.uniform(loudest_db, softest_db) / 20) * (rng.random() < share)
            samples += self._noise() * np.float32(level)
        return Scene(np.clip(samples * np.float32(10 ** (rng.uniform(-45, -15) / 20)), -1, 1), end)

    def _add(self, samples: Samples, begin: int, end: int) -> None:
        talk = _levelled(self._talk[int(self._rng.integers(len(self._talk)))])[: max(0, end - begin)]
        samples[begin : begin + len(talk)] += talk

    def _reverberated(self, samples: Samples) -> Samples:
        seconds = self._rng.uniform(0.15, 0.5)
        times = np.arange(int(seconds * LISTENING_RATE)) / LISTENING_RATE
        response = self._rng.standard_normal(len(times)) * 10 ** (-3 * times / seconds) * self._rng.uniform(0.02, 0.12)
        response[0] = 1.0
        spectrum = np.fft.rfft(samples, 2 * LENGTH) * np.fft.rfft(response, 2 * LENGTH)
        reverberated: Samples = np.fft.irfft(spectrum, 2 * LENGTH)[:LENGTH].astype(np.float32)
        return reverberated

    def _noise(self) -> Samples:
        """Return a scene's length of white or pink noise, of several people, or of recorded noise, at 0 dB."""
        rng = self._rng
        kind = rng.integers(4)
        if kind == 0:
            noise = rng.standard_normal(LENGTH).astype(np.float32)
        elif kind == 1:
            spectrum = np.fft.rfft(rng.standard_normal(LENGTH))
            noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1), LENGTH).astype(np.float32)
        elif kind == 2:
            noise = np.zeros(LENGTH, np.float32)
            for _ in range(3):
                self._add(noise, int(rng.integers(0, LENGTH // 2)), LENGTH)
        else:
            recorded = self._noises[int(rng.integers(len(self._noises)))]
            noise = np.resize(recorded[int(rng.integers(0, len(recorded))) :], LENGTH)
        return _levelled(noise)


def is_short(samples: Samples) -> bool:
    """Whether `samples` are a phrase: 0.5 to 2.5 s."""
    return LISTENING_RATE / 2 < len(samples) < 2.5 * LISTENING_RATE


def _at(clip: Samples, speed: float) -> Samples:
    faster: Samples = soxr.resample(clip, LISTENING_RATE * speed, LISTENING_RATE).astype(np.float32)
    return faster


def _levelled(samples: Samples) -> Samples:
    return samples / np.float32(np.sqrt(np.mean(np.square(samples))) + 1e-9)


def _trimmed(samples: Samples) -> Samples:
    loud = np.flatnonzero(np.abs(samples) > 0.02 * np.abs(samples).max())
    return samples[loud[0] : loud[-1] + 1]


@dataclass(frozen=True)
class Windows:
    """Embeddings of windows, (n, `EMBEDDINGS` * 96), and for each the number of the word at its end; -1 for none."""

    embeddings: Floats
    words: NDArray[np.int64]


def windows_of(clips: Sequence[Clip], seed: int = 0) -> Windows:
    """Return the windows of all scenes of `clips`; those of kind noise are what is heard beside the others."""
    rng = np.random.default_rng(seed)
    loaded = [(clip, read_audio(clip.path, max_s=600)) for clip in clips]
    talk = [samples for clip, samples in loaded if clip.kind == "talk"]
    scenery = Scenery(rng, talk, [samples for clip, samples in loaded if clip.kind == "noise"])
    embedding = SpeechEmbedding(_count(LENGTH))
    found: list[_Window] = []
    for clip, samples in loaded:
        if clip.kind == "talk" and not is_short(samples):
            continue
        for _ in range(SCENES.get(clip.kind, 0)):
            windows = _windows(scenery.scene(samples), word_of(clip), embedding)
            found += [each for each in windows if each.word >= 0 or clip.kind == "near_miss" or not rng.integers(KEPT)]
    return Windows(np.stack([each.embeddings for each in found]), np.array([each.word for each in found]))


def _count(length: int) -> int:
    """Return how many embeddings fit into `length` samples."""
    return EMBEDDINGS + (length - WINDOW) // STEP


@dataclass(frozen=True)
class _Window:
    embeddings: Floats
    word: int


def _windows(scene: Scene, word: str, embedding: SpeechEmbedding) -> Iterator[_Window]:
    embeddings = embedding(scene.samples)
    for first in range(len(embeddings) - EMBEDDINGS + 1):
        end = len(scene.samples) - (len(embeddings) - EMBEDDINGS - first) * STEP
        after_ms = (end - scene.end) / LISTENING_RATE * 1000
        if word and WANTED_MS[0] <= after_ms <= WANTED_MS[1]:
            label = WORDS.index(word)
        elif word and UNDECIDED_MS[0] <= after_ms <= UNDECIDED_MS[1]:
            continue
        else:
            label = -1
        yield _Window(embeddings[first : first + EMBEDDINGS].reshape(-1), label)


def fit(windows: Windows, seed: int = 0) -> dict[str, NDArray[np.float16]]:
    """Return weights as `second_look.Layers` reads them, fitted by Adam with a cosine schedule."""
    rng = np.random.default_rng(seed)
    inputs = windows.embeddings.astype(np.float32)
    mean, scale = inputs[::5].mean(0), 1 / (inputs[::5].std(0) + np.float32(1e-3))
    inputs -= mean
    inputs *= scale
    wanted = (windows.words[:, None] == np.arange(len(WORDS))).astype(np.float32)
    weights = np.where(wanted > 0, WORD_WEIGHT, 1.0).astype(np.float32) / BATCH
    jitter = rng.standard_normal((BATCH * 8, inputs.shape[1]), np.float32) * np.float32(JITTER)
    layers = [
        rng.standard_normal((inputs.shape[1], HIDDEN), np.float32) / np.float32(np.sqrt(inputs.shape[1])),
        np.zeros(HIDDEN, np.float32),
        rng.standard_normal((HIDDEN, len(WORDS)), np.float32) / np.float32(np.sqrt(HIDDEN)),
        np.full(len(WORDS), -3, np.float32),
    ]
    optimiser = _Adam(layers, EPOCHS * (len(inputs) // BATCH))
    for _ in range(EPOCHS):
        order = rng.permutation(len(inputs))
        for start in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[start : start + BATCH]
            shift = int(rng.integers(BATCH * 7))
            kept = (rng.random((BATCH, HIDDEN), np.float32) > DROPOUT).astype(np.float32) * np.float32(
                1 / (1 - DROPOUT)
            )
            values = inputs[batch] + jitter[shift : shift + BATCH]
            gradients = _gradients(layers, values, kept, wanted[batch], weights[batch].astype(np.float32))
            optimiser.step(gradients)
    return _stored(mean, scale, layers)


def _gradients(layers: Sequence[Floats], values: Floats, kept: Floats, wanted: Floats, weights: Floats) -> list[Floats]:
    """Return the gradients of the weighted cross-entropy for one batch."""
    hidden = values @ layers[0] + layers[1]
    active = np.maximum(hidden, 0) * kept
    error = (1 / (1 + np.exp(-(active @ layers[2] + layers[3]))) - wanted) * weights
    below = error @ layers[2].T * kept * (hidden > 0)
    return [values.T @ below, below.sum(0), active.T @ error, error.sum(0)]


class _Adam:
    """Adam with decoupled decay of the weights (Loshchilov and Hutter, 2019), for `steps` steps."""

    def __init__(self, layers: list[Floats], steps: int) -> None:
        self._layers = layers
        self._means = [np.zeros_like(each) for each in layers]
        self._squares = [np.zeros_like(each) for each in layers]
        self._steps = steps
        self._step = 0

    def step(self, gradients: Sequence[Floats]) -> None:
        self._step += 1
        rate = np.float32(RATE * 0.5 * (1 + np.cos(np.pi * self._step / self._steps)))
        first, second = np.float32(1 - 0.9**self._step), np.float32(1 - 0.999**self._step)
        for layer, mean, square, gradient in zip(self._layers, self._means, self._squares, gradients, strict=True):
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient**2 - square)
            decay = np.float32(DECAY) * layer if layer.ndim == 2 else 0
            layer -= rate * (mean / first / (np.sqrt(square / second) + np.float32(1e-8)) + decay)


def _stored(mean: Floats, scale: Floats, layers: Sequence[Floats]) -> dict[str, NDArray[np.float16]]:
    names = ("mean", "scale", "in", "in_bias", "out", "out_bias")
    return {name: each.astype(np.float16) for name, each in zip(names, (mean, scale, *layers), strict=True)}


def train(folder: Path, to: Path) -> None:
    """Train on the clips in `folder` and write the weights."""
    weights: dict[str, Any] = fit(windows_of(read_clips([folder])))
    np.savez(to, **weights)
