"""A second look at what sounds like a wake word: another model of the same words, run only on the last two seconds.

The models that listen all the time are small and judge by a few sounds, so that "okay, a new one" passes for "okay
nabu". This one sees the whole word, and was trained on what resembles it.
"""

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.audio.pcm import Samples
from assistant.wake.openwakeword import SpeechEmbedding

WEIGHTS = Path(__file__).with_name("second_look.npz")
"""Two layers, in the form in which `python -m tests.wake_corpus train` writes them; docs/wake.md says how these were
chosen."""

WORDS = ("okay_nabu", "hey_jarvis", "alexa", "hey_mycroft")
"""In the order of the outputs."""


class SecondLook:
    """Knows `WORDS`. Not for two threads at once.

    Raises `AssistantError` (`model.unloadable`).
    """

    def __init__(self) -> None:
        self._embedding = SpeechEmbedding()
        self._layers = _layers()

    def scores(self, audio: Samples) -> dict[str, float]:
        """Return how likely each word ends at the end of `audio`, 0 to 1. Takes 20 ms of one x86 core.

        Raises `AssistantError` (`wake.failed`).
        """
        layers = self._layers
        values = (self._embedding(audio).reshape(-1) - layers["mean"]) * layers["scale"]
        hidden = np.maximum(values @ layers["in"] + layers["in_bias"], 0.0)
        scores = 1.0 / (1.0 + np.exp(-(hidden @ layers["out"] + layers["out_bias"])))
        return dict(zip(WORDS, map(float, scores), strict=True))


@cache
def _layers() -> dict[str, NDArray[np.float32]]:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}
