"""The speech synthesiser that a conversation needs."""

from typing import Protocol

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag


class SpeechSynthesizer(Protocol):
    """A loaded voice. Calls must not overlap."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str:
        """The processor in use, for example `cpu`."""

    @property
    def language(self) -> str:
        """ISO 639-1 code of the language that the voice speaks."""

    @property
    def sample_rate(self) -> int:
        """Sample rate, in Hz, of the audio that `synthesize` emits."""

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        """Emit the audio of one clause of normalised text as the engine generates it, including silence at both ends.

        Emits nothing for text without a letter or digit. Once `stop` is set, returns at the end of the native call in
        progress. Raises `AssistantError` (`tts.failed`).
        """
