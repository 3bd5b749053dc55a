"""All wake words of one configuration on one microphone, deaf to what the assistant says itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from assistant.audio.pcm import LISTENING_RATE, AudioBlock, Samples
from assistant.errors import AssistantError, Code
from assistant.wake.base import Spotter, Wake, WakeWord
from assistant.wake.detector import Detector
from assistant.wake.microwakeword import MicroWakeWord, packaged_words
from assistant.wake.openwakeword import OpenWakeWord

OWN_S = 2.0
"""For so long after the assistant has said a wake word itself, none is heard: its echo, and the tail of the scores."""


class WakeWords(Spotter):
    """`words`: names of packaged words, or paths of models, with their thresholds.

    Raises `AssistantError`: `model.missing`, `model.unloadable`, or `config.invalid` for a name that there is not.
    """

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        self._microphone = _Ear(words)
        self._loudspeaker = _Ear(words)
        self._own_until = 0

    def heard(self, block: AudioBlock) -> Wake | None:
        if block.far is not None and block.far.any() and self._loudspeaker.heard(block.far, block.end):
            self._own_until = block.end + round(OWN_S * LISTENING_RATE)
        wake = self._microphone.heard(block.samples, block.end)
        return wake if block.end >= self._own_until else None


class _Ear:
    """The words in one stream of audio."""

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        self._words = [(load(word), threshold) for word, threshold in words.items()]
        self._detector = Detector(
            {
                word.name: (word.threshold if threshold == "auto" else threshold, word.late_s)
                for word, threshold in self._words
            }
        )

    def heard(self, samples: Samples, end: int) -> Wake | None:
        return self._detector.heard({word.name: word.scores(samples) for word, _ in self._words}, end)


def load(word: str) -> WakeWord:
    """The engine for `word`: a packaged word, a microWakeWord manifest (.json), an openWakeWord model (.tflite).

    The packaged words are microWakeWord's. Of the recordings in tests/speech it hears all seven, openWakeWord five at
    its threshold, for a thirtieth of the processor time.
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
