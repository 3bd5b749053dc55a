"""Smart Turn v3: an end-of-turn model that judges melody and words, in 23 languages."""

from pathlib import Path

import numpy as np

from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.audio.spectrogram import log_mel
from assistant.errors import AssistantError, Code
from assistant.host.onnx import Tensor, session
from assistant.turns.base import EndOfTurn

WINDOW_S = 8
"""Input of the model: the last seconds of the turn, padded with zeros in front."""

BANDS = 80
"""Mel bands of Whisper's smaller models, on whose encoder this one is built."""

VARIANCE_FLOOR = 1e-7
"""Added to the variance that normalises the window, as in Whisper's feature extraction."""


class SmartTurn(EndOfTurn):
    """A Smart Turn v3 model, an ONNX file. 55 ms a look on one thread of an x86 core, 9 of them for the spectrogram.

    Raises `AssistantError` as `host.onnx.session` does.
    """

    def __init__(self, path: Path, threads: int) -> None:
        self._path = path
        self._session = session(path, threads)

    @property
    def name(self) -> str:
        return self._path.stem

    def probability(self, audio: Samples) -> float:
        try:
            outputs = self._session.run(None, {"input_features": _features(audio)})
            return float(np.asarray(outputs[0]).reshape(-1)[0])
        except Exception as error:  # ONNX Runtime's exceptions share no base class
            raise AssistantError(Code.TURN_FAILED, f"{self._path}: {' '.join(str(error).split())}") from error

    def warm_up(self) -> None:
        """Judge a second of silence once, because the first run allocates. Raises `AssistantError` (`turn.failed`)."""
        self.probability(np.zeros(LISTENING_RATE, np.float32))


def _features(audio: Samples) -> Tensor:
    """Compute Whisper's log-mel spectrogram of the normalised window, shape (1, 80, 800)."""
    length = WINDOW_S * LISTENING_RATE
    window = np.pad(audio[-length:], (max(0, length - len(audio)), 0))
    window = (window - window.mean()) / np.sqrt(window.var() + VARIANCE_FLOOR)
    return log_mel(window.astype(np.float32), BANDS)[None]
