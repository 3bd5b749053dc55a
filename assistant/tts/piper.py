"""Piper: neural voices that run on a small CPU."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, NeverStop, StopFlag
from assistant.errors import AssistantError, Code
from assistant.host import libraries
from assistant.host.onnx import Tensor
from assistant.language.abbreviations import is_abbreviation
from assistant.tts.base import SpeechSynthesizer
from assistant.tts.vits import Vits

if TYPE_CHECKING:
    from piper import PiperVoice

ESPEAK_LANGUAGES = {"cmn": "zh", "yue": "zh"}
"""Names of espeak voices to ISO 639-1 codes, where they differ."""

ROUNDING_SCALE = 0.29
"""Each phoneme lasts a whole number of frames, rounded up, so that a clause's length is proportional to `length_scale`
plus this.

Measured on en_US-joe-medium, nine words at scales 0.2, 0.5, 1, 1.5 and 2: 1.28, 1.75, 2.75, 3.83 and 4.89 s. Whisper
still transcribes speed 2 (scale 0.355).
"""

TARGET_PEAK = 0.75
MIN_PEAK = 0.05
"""Peak amplitude that the warm-up sentence is scaled to, and the lowest that is assumed of it.

The whole voice has one gain, because the peak of a clause is not known when its first piece is played. Over 16 clauses
of en_US-joe-medium the unscaled peaks are 0.33 to 0.63 (median 0.57), so that none is clipped.
"""

WIDE_PUNCTUATION = str.maketrans({"，": ", ", "、": ", ", "；": "; ", "：": ": ", "。": ". ", "！": "! ", "？": "? "})
"""espeak's Mandarin ignores full-width punctuation; it pauses at the ASCII marks followed by a space."""


class Piper(SpeechSynthesizer):
    """A Piper voice.

    Time until the last sample, measured on two x86 cores with en_US-joe-medium (median of 12 interleaved runs) with one
    and two threads: "Sure." 52 and 40 ms, 31 letters 175 and 121, 45 letters 228 and 161, 87 letters (4.8 s of audio)
    415 and 261; with another busy process on the cores the longest took 609 and 622 ms. The phonemes account for 0.3
    ms. For the time until the first sample see `vits.PIECES`.
    """

    def __init__(self, path: Path, threads: int, speed: float) -> None:
        """Load the voice at `path` (.onnx, with its .onnx.json beside it).

        Each clause uses `threads` threads. `speed` is relative to the voice's own; 2 is twice as fast. Raises
        `AssistantError` (`model.missing`, `model.corrupt`, `model.unloadable`).
        """
        self._path = path
        self._voice = _load(path)
        self._network = Vits(path, threads)
        self._gain = 1.0
        self._length_scale = self._voice.config.length_scale * ((1 + ROUNDING_SCALE) / speed - ROUNDING_SCALE)

    @property
    def name(self) -> str:
        return self._path.stem

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def language(self) -> str:
        spoken = self._voice.config.espeak_voice.split("-")[0]
        return ESPEAK_LANGUAGES.get(spoken, spoken)

    @property
    def sample_rate(self) -> int:
        return self._voice.config.sample_rate

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        """As `SpeechSynthesizer.synthesize`; the audio is emitted in pieces, each as soon as it is generated."""
        if not any(character.isalnum() for character in text):
            return  # espeak would spell out the punctuation
        pieces = self._pieces(text)
        while not stop.is_set() and (samples := next(pieces, None)) is not None:
            emit(np.clip(samples * self._gain, -1.0, 1.0))

    def warm_up(self) -> None:
        """Synthesise a sentence, because the first run allocates, and set the gain by it.

        Raises `AssistantError` (`tts.failed`).
        """
        pieces: list[Samples] = []
        self._gain = 1.0
        self.synthesize("1, 2, 3, 4, 5, 6. How can I help you?", emit=pieces.append, stop=NeverStop())
        self._gain = TARGET_PEAK / max(float(np.abs(np.concatenate(pieces)).max()), MIN_PEAK)

    def phonemes(self, text: str) -> list[list[str]]:
        """Convert `text` to the voice's phonemes, a list for each sentence."""
        return self._voice.phonemize(_readable(text, self.language))

    def _pieces(self, text: str) -> Iterator[Samples]:
        try:
            for phonemes in self.phonemes(text):
                if phonemes:
                    yield from self._network.run(self._feeds(self._voice.phonemes_to_ids(phonemes)))
        except Exception as error:  # espeak, Piper and ONNX Runtime share no base class
            reason = " ".join(str(error).split()) or type(error).__name__
            raise AssistantError(
                Code.TTS_FAILED,
                f"{self._path}: this voice cannot synthesise a clause of {len(text)} characters: {reason}",
            ) from error

    def _feeds(self, phonemes: list[int]) -> dict[str, Tensor]:
        """Make the network's inputs: the phonemes, and how lively, fast and uneven they are spoken."""
        config = self._voice.config
        feeds: dict[str, Tensor] = {
            "input": np.array([phonemes], np.int64),
            "input_lengths": np.array([len(phonemes)], np.int64),
            "scales": np.array([config.noise_scale, self._length_scale, config.noise_w_scale], np.float32),
        }
        if config.num_speakers > 1:
            feeds["sid"] = np.array([0], np.int64)
        return feeds


def _load(path: Path) -> "PiperVoice":
    """Load what turns text into phonemes; `Vits` runs the network."""
    libraries.prepare()  # Piper imports ONNX Runtime
    from piper import PiperConfig, PiperVoice

    try:
        config = PiperConfig.from_dict(_settings(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AssistantError(
            Code.MODEL_CORRUPT,
            f"{_settings_path(path)}: not the configuration of a Piper voice ({error!r}); fetch the voice again",
        ) from error
    return PiperVoice(config=config, session=cast(Any, None))


def _settings(path: Path) -> dict[str, Any]:
    """Read the voice's configuration. Raises `ValueError` when it is not a JSON object."""
    try:
        content = _settings_path(path).read_bytes()
    except OSError as error:
        raise AssistantError(
            Code.MODEL_MISSING,
            f"{_settings_path(path)}: {error.strerror}; a Piper voice is an .onnx file with its .onnx.json beside it",
        ) from error
    settings = json.loads(content)
    if not isinstance(settings, dict):
        raise ValueError("not an object")
    return settings


def _settings_path(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _readable(text: str, language: str) -> str:
    """Rewrite the punctuation of `text` for espeak.

    espeak takes the full stop of "Dr. Smith" for the end of a sentence and ignores ellipses, brackets and dashes
    without spaces; Piper takes text in double brackets for phonemes.
    """
    text = re.sub(r"[\[\]]", " ", text)
    text = re.sub(r"\)(?=\s+\w)", ",", re.sub(r"(?<=\w)\s+\(", ", ", text))
    text = re.sub(r"(?:\.{3}|…)(?=\s*\w)", ", ", text)
    text = re.sub(r"\s*—\s*", " — ", text)
    text = re.sub(r"(\S+\.)(?=\s+(\w))", lambda word: _without_stop(word[1], word[2], language), text)
    return text.translate(WIDE_PUNCTUATION).strip()


def _without_stop(word: str, following: str, language: str) -> str:
    ends_for_espeak = following.isupper() or following.isdigit()
    return word[:-1] if ends_for_espeak and is_abbreviation(word, following, language) else word
