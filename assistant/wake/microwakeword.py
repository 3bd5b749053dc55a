"""microWakeWord: small streaming models made for microcontrollers."""

from collections import deque
from pathlib import Path
from typing import Any

from assistant.audio.pcm import Samples, to_int16
from assistant.errors import AssistantError, Code
from assistant.vad.energy_gate import EnergyGate
from assistant.wake.base import SecondLookAt, WakeWordModel
from assistant.wake.tflite import INT8, UINT8, check_model

FEATURES = 40
"""Features of 10 ms of sound."""

THRESHOLDS = {"okay_nabu": 0.6, "hey_jarvis": 0.7, "alexa": 0.6, "hey_mycroft": 0.6}
"""Thresholds of the models in the package, for the second of two successive scores; a second look decides."""

SECOND_LOOKS = {
    "okay_nabu": SecondLookAt(score=0.3, wait_s=0.0),
    "hey_jarvis": SecondLookAt(score=0.65, wait_s=0.032),
    "alexa": SecondLookAt(score=0.5, wait_s=0.0),
    "hey_mycroft": SecondLookAt(score=0.9, wait_s=0.192),
}
"""Chosen with the thresholds above on five synthetic voices (200 near misses, 60 words), the 56 trials of words in
tests/speech, and 29 minutes of French; docs/wake.md has the command, the curves, and what other voices gave.

"Hey mycroft" is detected 0.3 s before its end, which is too early to tell it from "hey, my crops are dry".
"""

CATCH_UP = 100
"""Skipped features (1 s, in steps of 10 ms) that the model is shown first when the energy gate opens again."""

LATENCY_S = 0.15
"""Seconds from the end of a word to its detection.

Questions said right after the word (0.03 and 0.2 s), cut so long before the detection, lost no word in 44 cases and
began with a remainder of the wake word in one; cut at the detection, seven lost their first word.
"""


class MicroWakeWord(WakeWordModel):
    """The model that the package calls `name`, or one of the user's own by its manifest (.json, beside the .tflite).

    Takes 0.4 to 0.5% of one x86 core, three words 1.0 to 1.3%; in a quiet room the model is not run.

    Raises `AssistantError` (`model.missing`, `model.corrupt`, `model.unloadable`).
    """

    def __init__(self, name: str) -> None:
        from pymicro_wakeword import MicroWakeWord as Model
        from pymicro_wakeword import MicroWakeWordFeatures
        from pymicro_wakeword.wakeword import TfLiteWakeWord

        manifest = Path(name) if name.endswith(".json") else _packaged() / f"{name}.json"
        self._name = manifest.stem
        try:
            check_model(_model_of(manifest), TfLiteWakeWord(_native()).lib, (INT8, UINT8), FEATURES)
            self._model: Any = Model.from_config(manifest)
            if self._model.sliding_window_size < 1:
                raise ValueError("sliding_window_size is below 1")
            self._threshold = THRESHOLDS.get(name, float(self._model.probability_cutoff))
            self._second_look = SECOND_LOOKS.get(name)
        except (KeyError, TypeError, ValueError, RuntimeError, OSError) as error:
            raise AssistantError(
                Code.MODEL_UNLOADABLE, f"wake.words: {manifest}: not a microWakeWord manifest: {error!r}"
            ) from error
        self._features: Any = MicroWakeWordFeatures()
        self._count = 0
        self._gate = EnergyGate()
        self._skipped: deque[Any] = deque(maxlen=CATCH_UP)
        """Features that the model was not shown while the gate was closed."""

    @property
    def name(self) -> str:
        return self._name

    @property
    def threshold(self) -> float:
        return self._threshold

    @property
    def latency_s(self) -> float:
        return LATENCY_S

    @property
    def second_look(self) -> SecondLookAt | None:
        return self._second_look

    def scores(self, block: Samples) -> list[float]:
        try:
            features = self._features.process_streaming(to_int16(block).tobytes())
            if not self._gate.push(block):
                self._skipped.extend(features)
                return []
            for skipped in self._skipped:
                self._score(skipped)
            self._skipped.clear()
            return [score for each in features if (score := self._score(each)) is not None]
        except (RuntimeError, ValueError) as error:
            raise AssistantError(Code.WAKE_FAILED, f"wake word {self._name}: {error}") from error

    def _score(self, features: Any) -> float | None:
        """Show the model 10 ms more; it scores `stride` of these at a time and returns None between."""
        self._count = (self._count + 1) % self._model.stride
        score: float = self._model.process_streaming_prob(features)
        return None if self._count else score


def packaged_words() -> list[str]:
    """List the words whose models come with the package."""
    return sorted(path.stem for path in _packaged().glob("*.json"))


def _packaged() -> Path:
    import pymicro_wakeword

    return Path(pymicro_wakeword.__file__).parent / "models"


def _native() -> Path:
    """Find TensorFlow Lite, which comes with the package; else its folder, which fails to load with a clear reason."""
    folder = _packaged().parent / "lib"
    return next(folder.glob("*tensorflowlite_c.*"), folder)


def _model_of(manifest: Path) -> Path:
    """Read the path of the model file that a manifest names."""
    import msgspec

    if not manifest.is_file():
        raise AssistantError(Code.MODEL_MISSING, f"wake.words: {manifest}: no such file")
    model = msgspec.json.decode(manifest.read_bytes())["model"]
    return manifest.parent / str(model)
