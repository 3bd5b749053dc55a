"""Engines that are no part of the package: a language model that is elsewhere, a recogniser and a voice here."""

from collections.abc import AsyncGenerator

import numpy as np

from assistant.asr.base import Transcription
from assistant.audio.pcm import Samples
from assistant.blocking import Emit, StopFlag
from assistant.llm.base import Generation, Prompt, RemoteLanguageModel


class Words(Generation):
    """The words of the question."""

    def __init__(self, prompt: Prompt, max_tokens: int) -> None:
        super().__init__()
        self._words = prompt(len)[-1].content.split()[:max_tokens]

    async def pieces(self) -> AsyncGenerator[str, None]:
        for word in self._words:
            yield f"{word} "


class Parrot(RemoteLanguageModel):
    """Says what it is asked."""

    name, device, context_tokens = "parrot", "perch", 1000

    def generate(self, prompt: Prompt, *, max_tokens: int) -> Generation:
        return Words(prompt, max_tokens)

    async def read(self, prompt: Prompt) -> None:
        pass

    async def aclose(self) -> None:
        pass


class LengthRecogniser:
    """Hears how long somebody speaks."""

    name, device = "length", "cpu"

    def transcribe(
        self, audio: Samples, *, language: str | None, stop: StopFlag, draft: bool = False, full_window: bool = False
    ) -> Transcription:
        seconds = len(audio) / 16_000
        return Transcription(f"I spoke for {seconds:.0f} s.", "en", 1.0, 0.0, seconds, 3.0)


class Humming:
    """A tone for every text."""

    name, device, language, sample_rate = "humming", "cpu", "en", 1000

    def synthesize(self, text: str, *, emit: Emit[Samples], stop: StopFlag) -> None:
        emit(np.sin(np.arange(300) * 0.6).astype(np.float32))
