"""The recognition passes of one turn: one at a time, each over the whole utterance so far."""

import threading
from dataclasses import dataclass

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.streaming import Partial, StreamingTranscriber, same_words
from assistant.audio.pcm import Samples
from assistant.engines.handle import Handle

NOTHING = Transcription("", "", 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass came to."""

    found: Transcription
    partial: Partial
    stable: bool
    """The pass before it, over less audio, found the same words."""
    stopped: bool
    """It ended early and found nothing."""


class Recognition:
    """Passes of the recogniser behind `handle`; `language` None detects it."""

    def __init__(self, handle: Handle[SpeechRecognizer], language: str | None) -> None:
        self._handle = handle
        self._transcriber = StreamingTranscriber(handle.engine, language)
        self._early_end = threading.Event()
        self._before = ""

    def end_early(self) -> None:
        """Let the pass at work end at its next step."""
        self._early_end.set()

    async def run(self, audio: Samples, *, full_window: bool, deadline: float | None) -> Pass:
        """Run a pass over `audio`; `deadline` as `EngineQueue.acquire`. Raises `AssistantError` (`asr.failed`)."""
        self._early_end = early_end = threading.Event()
        work = self._transcriber.on_full_window if full_window else self._transcriber.draft
        found = await self._handle.call(
            lambda recognizer, stop: work(audio, stop), name="recognition", deadline=deadline, stop=early_end
        )
        stable = bool(found.text) and same_words(found.text, self._before)
        self._before = found.text
        return Pass(found, self._transcriber.agree(found), stable, stopped=early_end.is_set() and not found.text)
