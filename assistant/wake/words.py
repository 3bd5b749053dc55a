"""All wake words of one configuration on one microphone, except those that the assistant says itself."""

import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.audio.pcm import BLOCK, LISTENING_RATE, AudioBlock, Samples
from assistant.errors import AssistantError, Code
from assistant.wake.base import Candidate, Detection, WakeWordDetector, WakeWordModel
from assistant.wake.microwakeword import MicroWakeWord, packaged_words
from assistant.wake.openwakeword import WINDOW, OpenWakeWord
from assistant.wake.scores import Criteria, ScoreFilter
from assistant.wake.second_look import SecondLook

log = logging.getLogger(__name__)

OWN_S = 2.0
"""Seconds without a detection after the assistant has said a wake word: its echo, and the tail of the scores."""


class WakeWords(WakeWordDetector):
    """Detects `words`: names of packaged words, or paths of models, with their thresholds.

    Raises `AssistantError`: `model.missing`, `model.unloadable`, or `config.invalid` for a name that there is not.
    """

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        self._microphone = _Stream(words)
        self._loudspeaker = _Stream(words)
        self._filter = ScoreFilter(self._microphone.criteria)
        own = {word: replace(each, second_look=None) for word, each in self._loudspeaker.criteria.items()}
        self._own_filter = ScoreFilter(own)
        looked_at = [word for word, each in self._filter.words.items() if each.second_look is not None]
        self._second_look = SecondLook() if looked_at else None
        self._recent: deque[Samples] = deque(maxlen=-(-WINDOW // BLOCK))
        self._own_until = 0

    def detect(self, block: AudioBlock) -> Detection | Candidate | None:
        self._recent.append(block.samples)
        if block.far is not None and block.far.any():
            own = self._own_filter.push(self._loudspeaker.scores(block.far), block.end)
            if self._own_filter.settle(own, {}) is not None:
                self._own_until = block.end + round(OWN_S * LISTENING_RATE)
        found = self._filter.push(self._microphone.scores(block.samples), block.end)
        if not found or block.end < self._own_until:
            return None
        if self._filter.needs_look(found):
            return Candidate(partial(self._look, found))
        return self._filter.settle(found, {})

    def _look(self, found: Sequence[Detection]) -> Detection | None:
        second_look = self._second_look
        if second_look is None:
            return None  # nobody waits for it any more
        looks = second_look.scores(np.concatenate(self._recent))
        said = self._filter.settle(found, looks)
        for each in found:
            log.debug("wake word %s: score %.2f, second look %.2f", each.word, each.score, looks[each.word])
        return said

    def close(self) -> None:
        self._microphone.close()
        self._loudspeaker.close()
        self._second_look = None


class _Stream:
    """The models of the words, listening to one stream of audio."""

    def __init__(self, words: Mapping[str, float | Literal["auto"]]) -> None:
        models = [(load_model(word), threshold) for word, threshold in words.items()]
        self._models = [model for model, _ in models]
        self.criteria = {
            model.name: Criteria(
                model.threshold if threshold == "auto" else threshold, model.latency_s, model.second_look
            )
            for model, threshold in models
        }

    def scores(self, samples: Samples) -> dict[str, list[float]]:
        return {model.name: model.scores(samples) for model in self._models}

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
