"""What the conversation needs of a speech recogniser."""

from dataclasses import dataclass
from typing import Protocol

from assistant.audio.pcm import Samples
from assistant.blocking import StopFlag


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was said. `text` is empty when the guards found no speech."""

    text: str
    language: str
    """ISO 639-1 code, as Whisper names it."""
    language_probability: float
    """0 to 1; 1.0 when the language was given."""
    seconds: float
    """Processing time, in seconds of the monotonic clock."""
    audio_s: float
    window_s: float
    """Length of audio the encoder saw, padding included; 30 for the full window."""
    doubtful: bool = False
    """A draft that went wrong (repeated itself, or is hardly believed by the model) and has no text for that reason;
    the full window may do better."""


class SpeechRecognizer(Protocol):
    """A loaded recognition model. Shared and immutable; calls must not overlap (parallel ones leak in CTranslate2)."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """What it really runs on, for example `cpu` or `cuda`."""

    def transcribe(
        self,
        audio: Samples,
        *,
        language: str | None,
        stop: StopFlag,
        draft: bool = False,
        full_window: bool = False,
    ) -> Transcription:
        """Recognise one utterance of at most 30 s at 16 kHz; longer input is a `ValueError`.

        On a window trimmed to the audio, and again on the full one of 30 s, which takes several times longer, when that
        went wrong; `draft` leaves the second attempt out, `full_window` the first.

        `language` None detects it. Returns early, with whatever it has, once `stop` is set. Raises `AssistantError`
        (`asr.failed`).
        """
