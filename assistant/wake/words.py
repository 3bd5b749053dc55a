"""All wake words of one configuration on one microphone, except those that the assistant says itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples
from assistant.errors import AssistantError, Code
from assistant.wake.base import Detection, WakeWordDetector, WakeWordModel
from assistant.wake.microwakeword import MicroWakeWord, packaged_words
from assistant.wake.openwakeword import OpenWakeWord
from assistant.wake.scores import ScoreFilter

OWN_S = 2.0
"""Seconds without a detection after the assistant has said a wake word: its echo, and the tail of the scores."""


class WakeWords(WakeWordDetector):
    """Detects `words`: names of packaged words, or paths of models, with their thresholds.

    Raises `AssistantError`: `model.missing`, `model.unloadable`, or `config.invalid` for a name that there is not.
    """

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        self._microphone = _Stream(words)
        self._loudspeaker = _Stream(words)
        self._own_until = 0

    def detect(self, block: AudioBlock) -> Detection | None:
        if block.far is not None and block.far.any() and self._loudspeaker.detect(block.far, block.end):
            self._own_until = block.end + round(OWN_S * LISTENING_RATE)
        detection = self._microphone.detect(block.samples, block.end)
        return detection if block.end >= self._own_until else None

    def close(self) -> None:
        self._microphone.close()
        self._loudspeaker.close()


class _Stream:
    """Detects the words in one stream of audio, with models of its own."""

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        models = [(load_model(word), threshold) for word, threshold in words.items()]
        self._models = [model for model, _ in models]
        self._filter = ScoreFilter(
            {
                model.name: (model.threshold if threshold == "auto" else threshold, model.latency_s)
                for model, threshold in models
            }
        )

    def detect(self, samples: Samples, end: int) -> Detection | None:
        return self._filter.push({model.name: model.scores(samples) for model in self._models}, end)

    def close(self) -> None:
        self._models.clear()


def load_model(word: str) -> WakeWordModel:
    """Load `word`: a packaged word, a microWakeWord manifest (.json) or an openWakeWord model (.tflite).

    The packaged words are microWakeWord's. Of the recordings in tests/speech it detects all seven, openWakeWord five at
    its threshold, for thirty times the processor time.
    """
    if word.endswith(".tflite"):
        return OpenWakeWord(Path(word).expanduser())
    if word.endswith(".json"):
        return MicroWakeWord(str(Path(word).expanduser()))
    if word not in packaged_words():
        raise AssistantError(
            Code.CONFIG_INVALID,
            f"wake.words: {word!r} is none of {', '.join(packaged_words())}, nor the path of a .json or .tflite file",
        )
    return MicroWakeWord(word)
