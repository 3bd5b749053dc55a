"""The recognition passes of one turn: one at a time, each over the whole utterance so far."""

import threading
from dataclasses import dataclass

import anyio

from assistant import blocking
from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.streaming import Partial, StreamingTranscriber, same_words
from assistant.audio.pcm import Samples
from assistant.blocking import Either

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
    """`lock` is held while `recognizer` is at work; `language` None detects it."""

    def __init__(self, recognizer: SpeechRecognizer, lock: anyio.Lock, language: str | None) -> None:
        self._transcriber = StreamingTranscriber(recognizer, language)
        self._lock = lock
        self._early_end = threading.Event()
        self._before = ""

    def end_early(self) -> None:
        """Let the pass at work end at its next step."""
        self._early_end.set()

    async def run(self, audio: Samples, *, full_window: bool) -> Pass:
        """A pass over `audio`. Raises `AssistantError` (`asr.failed`)."""
        self._early_end = early_end = threading.Event()
        work = self._transcriber.on_full_window if full_window else self._transcriber.draft
        async with self._lock:
            found = await blocking.call(lambda stop: work(audio, Either(stop, early_end)), name="recognition")
        stable = bool(found.text) and same_words(found.text, self._before)
        self._before = found.text
        return Pass(found, self._transcriber.agree(found), stable, stopped=early_end.is_set() and not found.text)
