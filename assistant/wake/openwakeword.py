"""openWakeWord: larger models, for words that people have trained themselves, and the embedding that they look at."""

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        from pyopen_wakeword import OpenWakeWord as Model
        from pyopen_wakeword import OpenWakeWordFeatures
        from pyopen_wakeword.wakeword import TfLiteWakeWord

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

    @property
    def second_look(self) -> None:
        return None

    def scores(self, block: Samples) -> list[float]:
        try:
            return [
                float(score)
                for features in self._features.process_streaming(to_int16(block).tobytes())
                for score in self._model.process_streaming(features)
            ]
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.WAKE_FAILED, f"wake word {self._name}: {error}") from error


EMBEDDINGS = 16
"""Embeddings in a window, one each 80 ms, as in openWakeWord's own models."""

_FRAME, _FRAME_STEP = 512, 160
"""Samples of a frame of the spectrogram, and between two."""

_FRAMES, _FRAMES_STEP = 76, 8
"""Frames that an embedding sees, and between two."""

_BANDS = 32

WINDOW = (_FRAMES + _FRAMES_STEP * (EMBEDDINGS - 1) - 1) * _FRAME_STEP + _FRAME
"""Samples (1.98 s) that so many embeddings see."""


class SpeechEmbedding:
    """Google's speech embedding, which openWakeWord's models look at, of `count` steps of 80 ms at a time.

    The library computes one embedding every 80 ms, 6.5 ms of work each: sixteen from nothing would take 110 ms. The
    network is convolutional in time, so that one pass over the whole window gives the same numbers (to 2e-5) in 14 ms,
    and the spectrogram takes 6 ms (one x86 core). Not for two threads at once.

    Raises `AssistantError` (`model.unloadable`).
    """

    def __init__(self, count: int = EMBEDDINGS) -> None:
        from pyopen_wakeword.wakeword import TfLiteWakeWord

        frames = _FRAMES + _FRAMES_STEP * (count - 1)
        self.window = (frames - 1) * _FRAME_STEP + _FRAME
        """Samples that it sees."""
        models = _native().parent.parent / "models"
        native = TfLiteWakeWord(_native()).lib
        self._spectrogram = _Network(native, models / "melspectrogram.tflite", (1, self.window))
        self._embedding = _Network(native, models / "embedding_model.tflite", (1, frames, _BANDS, 1))

    def __call__(self, audio: Samples) -> NDArray[np.float32]:
        """Return the embeddings of the last `window` samples of `audio`, (`count`, 96); silence comes before it.

        Raises `AssistantError` (`wake.failed`).
        """
        window = np.zeros(self.window, np.float32)
        audio = audio[-self.window :]
        window[self.window - len(audio) :] = to_int16(audio)
        bands = self._spectrogram.run(window) / np.float32(10) + np.float32(2)  # as the embedding was trained
        return self._embedding.run(bands).reshape(-1, FEATURES)


class _Network:
    """A TensorFlow Lite model with one input of a given shape."""

    def __init__(self, native: Any, path: Path, shape: tuple[int, ...]) -> None:
        self._native = native
        self._model = native.TfLiteModelCreateFromFile(os.fsencode(path))
        self._interpreter = native.TfLiteInterpreterCreate(self._model, None) if self._model else None
        size = (ctypes.c_int32 * len(shape))(*shape)
        if (
            not self._interpreter
            or native.TfLiteInterpreterResizeInputTensor(self._interpreter, 0, size, len(shape))
            or native.TfLiteInterpreterAllocateTensors(self._interpreter)
        ):
            raise AssistantError(
                Code.MODEL_UNLOADABLE, f"{path}: damaged; `pip install --force-reinstall pyopen-wakeword` mends it"
            )
        self._input = native.TfLiteInterpreterGetInputTensor(self._interpreter, 0)

    def __del__(self) -> None:
        if self._interpreter:
            self._native.TfLiteInterpreterDelete(self._interpreter)
        if self._model:
            self._native.TfLiteModelDelete(self._model)

    def run(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        native = self._native
        if native.TfLiteTensorCopyFromBuffer(
            self._input, values.ctypes.data_as(ctypes.c_void_p), values.nbytes
        ) or native.TfLiteInterpreterInvoke(self._interpreter):
            raise AssistantError(Code.WAKE_FAILED, "the second look at a wake word failed")
        output = native.TfLiteInterpreterGetOutputTensor(self._interpreter, 0)
        found = np.empty(native.TfLiteTensorByteSize(output) // 4, np.float32)
        native.TfLiteTensorCopyToBuffer(output, found.ctypes.data_as(ctypes.c_void_p), found.nbytes)
        return found


def _native() -> Path:
    """Find TensorFlow Lite, which comes with the package; else its folder, which fails to load with a clear reason."""
    import pyopen_wakeword

    folder = Path(pyopen_wakeword.__file__).parent / "lib"
    return next(folder.glob("*tensorflowlite_c.*"), folder)
