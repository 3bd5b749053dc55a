"""The speech recogniser that a conversation needs."""

from dataclasses import dataclass
from typing import Protocol

from assistant.audio.pcm import Samples
from assistant.blocking import StopFlag


@dataclass(frozen=True, slots=True)
class Transcription:
    """The result of one recognition. `text` is empty when the guards found no speech."""

    text: str
    language: str
    """ISO 639-1 code, in Whisper's spelling."""
    language_probability: float
    """0 to 1; 1.0 when the language was given."""
    seconds: float
    """Processing time, in seconds of the monotonic clock."""
    audio_s: float
    """Seconds of audio that were passed in."""
    window_s: float
    """Seconds that the encoder saw, padding included; 30 for the full window."""
    inconclusive: bool = False
    """A draft was discarded because it repeated itself or was improbable to the model, so there is no text; the full
    window may do better."""
    doubtful: bool = False
    """The text may be wrong: it repeats itself more or less often than the audio explains, or is improbable to the
    model."""


class SpeechRecognizer(Protocol):
    """A loaded recognition model, shared and immutable. Calls must not overlap: CTranslate2 then leaks memory."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """The processor in use, for example `cpu` or `cuda`, which may differ from the configured one."""

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

        The first attempt uses a window trimmed to the audio. If its result is doubtful, a second one uses the full
        window of 30 s, which takes several times longer. `draft` omits the second attempt, `full_window` the first, and
        both drop a text that is improbable: nobody is to answer it.

        `language` None detects the language. Returns early, with whatever has been recognised, once `stop` is set.
        Raises `AssistantError` (`asr.failed`).
        """
