"""openWakeWord: larger models, for words that people have trained themselves."""

from pathlib import Path
from typing import Any

from assistant.audio.pcm import Samples, to_int16
from assistant.errors import AssistantError, Code
from assistant.wake.base import WakeWord
from assistant.wake.tflite import check_model

THRESHOLD = 0.5
"""The project's own. On the recordings in tests/speech nothing but the word scores more than 0.16."""

LATE_S = 0.1
"""It is certain 0.06 to 0.14 s after the end of the word, where it is not before it."""


class OpenWakeWord(WakeWord):
    """The user's own model, a .tflite file. Takes 11% of one x86 core, 10 of them for features.

    Raises `AssistantError` (`model.missing`, `model.unloadable`).
    """

    def __init__(self, path: Path) -> None:
        try:
            from pyopen_wakeword import OpenWakeWord as Model
            from pyopen_wakeword import OpenWakeWordFeatures
        except ImportError as error:
            raise AssistantError(
                Code.WAKE_LIBRARY_MISSING,
                "an openWakeWord model needs the package pyopen-wakeword; `pip install 'assistant[openwakeword]'`",
            ) from error
        check_model(path)
        try:
            self._model: Any = Model.from_model(path)
            self._features: Any = OpenWakeWordFeatures.from_builtin()
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise AssistantError(
                Code.MODEL_UNLOADABLE, f"wake.words: {path}: not an openWakeWord model: {error}"
            ) from error
        self._name = path.stem

    @property
    def name(self) -> str:
        return self._name

    @property
    def threshold(self) -> float:
        return THRESHOLD

    @property
    def late_s(self) -> float:
        return LATE_S

    def scores(self, block: Samples) -> list[float]:
        try:
            return [
                float(score)
                for features in self._features.process_streaming(to_int16(block).tobytes())
                for score in self._model.process_streaming(features)
            ]
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.WAKE_FAILED, f"wake word {self._name}: {error}") from error
