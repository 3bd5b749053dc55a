"""openWakeWord: larger models, for words that people have trained themselves."""

from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.pcm import BLOCK, Samples, to_int16
from assistant.errors import AssistantError, Code
from assistant.wake.base import WakeWordModel
from assistant.wake.tflite import FLOAT32, check_model

FEATURES = 96
"""Features of 80 ms of sound."""

THRESHOLD = 0.5
"""openWakeWord's own. On the recordings in tests/speech, also with noise 10 dB below them, nothing but the word scores
more than 0.20, except "Jarvis" without "hey" (0.44)."""

LATENCY_S = 0.1
"""Seconds from the end of a word to its detection: measured 0.06 to 0.14, where it is not detected earlier."""


class OpenWakeWord(WakeWordModel):
    """A model of the user's own, a .tflite file. Takes 12% of one x86 core, nearly all of it for features.

    A block takes 3.5 ms on average and 12 ms at the 99th percentile. The library begins with 8 s of silence, 0.5 to
    0.8 s of work that the first block would wait for; it is done while loading.

    Raises `AssistantError` (`model.missing`, `model.corrupt`, `model.unloadable`).
    """

    def __init__(self, path: Path) -> None:
        try:
            from pyopen_wakeword import OpenWakeWord as Model
            from pyopen_wakeword import OpenWakeWordFeatures
            from pyopen_wakeword.wakeword import TfLiteWakeWord
        except ImportError as error:
            raise AssistantError(
                Code.WAKE_LIBRARY_MISSING,
                "an openWakeWord model needs the package pyopen-wakeword; `pip install 'assistant[openwakeword]'`",
            ) from error
        try:
            check_model(path, TfLiteWakeWord(_native()).lib, (FLOAT32,), FEATURES)
            self._model: Any = Model.from_model(path)
            self._features: Any = OpenWakeWordFeatures.from_builtin()
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise AssistantError(
                Code.MODEL_UNLOADABLE, f"wake.words: {path}: not an openWakeWord model: {error}"
            ) from error
        self._name = path.stem
        self.scores(np.zeros(BLOCK, np.float32))

    @property
    def name(self) -> str:
        return self._name

    @property
    def threshold(self) -> float:
        return THRESHOLD

    @property
    def latency_s(self) -> float:
        return LATENCY_S

    def scores(self, block: Samples) -> list[float]:
        try:
            return [
                float(score)
                for features in self._features.process_streaming(to_int16(block).tobytes())
                for score in self._model.process_streaming(features)
            ]
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.WAKE_FAILED, f"wake word {self._name}: {error}") from error


def _native() -> Path:
    """Find TensorFlow Lite, which comes with the package; else its folder, which fails to load with a clear reason."""
    import pyopen_wakeword

    folder = Path(pyopen_wakeword.__file__).parent / "lib"
    return next(folder.glob("*tensorflowlite_c.*"), folder)
