"""What the conversation needs of a speech synthesiser."""

from typing import Protocol

from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag


class SpeechSynthesizer(Protocol):
    """A loaded voice. Calls must not overlap."""

    @property
    def name(self) -> str: ...

    @property
    def device(self) -> str: ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of the voice."""

    @property
    def sample_rate(self) -> int:
        """Hz of what `synthesize` emits."""

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        """Emit the audio of one clause of speakable text, as the engine makes it, silence at both ends included.

        Emits nothing for text without anything to say. Returns once `stop` is set and the native call in progress has
        ended. Raises `AssistantError` (`tts.failed`).
        """
