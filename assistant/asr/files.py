"""Transcribing recordings of any length."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.pieces import speech_pieces
from assistant.asr.streaming import StreamingTranscriber
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.blocking import NeverStop
from assistant.vad.base import VoiceActivity

log = logging.getLogger(__name__)

MAX_S = 4 * 3600.0
"""Longest recording in seconds: 920 MB of samples in memory, and an hour of work on a small machine."""


class FileTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant transcribe --json` prints for a file."""

    file: str
    text: str
    language: str
    """Of the first utterance with words, which decides it for the rest; empty when there are none."""
    audio_s: float
    seconds: float
    """Time it took, reading included."""


Show = Callable[[str, str], None]
"""Takes the stable and the tentative text of the file so far."""


class FileTranscriber:
    """Reads, checks and transcribes one file after another with one recogniser."""

    def __init__(
        self, recognizer: SpeechRecognizer, activity: VoiceActivity, language: str | None, step_s: float
    ) -> None:
        self._recognizer = recognizer
        self._activity = activity
        self._language = language
        self._step = int(step_s * LISTENING_RATE)

    def transcribe(self, file: Path, show: Show | None) -> FileTranscript:
        """The text of `file`. With `show`, it is transcribed as if it were being spoken, and shown as it grows.

        Raises `AssistantError` (`audio.*`, `asr.failed`).
        """
        began = time.monotonic()
        audio = read_audio(file, max_s=MAX_S)
        for warning in check_audio(audio, where=str(file)):
            log.warning(warning)
        texts: list[str] = []
        language = self._language
        for piece in speech_pieces(audio, self._activity):
            found = self._utterance(piece, language, _after(texts, show))
            if found.text:
                texts.append(found.text)
                language = found.language
        return FileTranscript(
            file=str(file),
            text=" ".join(texts),
            language=language or "",
            audio_s=round(len(audio) / LISTENING_RATE, 3),
            seconds=round(time.monotonic() - began, 3),
        )

    def _utterance(self, piece: Samples, language: str | None, show: Show | None) -> Transcription:
        transcriber = StreamingTranscriber(self._recognizer, language)
        if show is not None:
            for end in range(self._step, len(piece), self._step):
                partial = transcriber.attempt(piece[:end], NeverStop())
                show(partial.stable, partial.tentative)
        found = transcriber.final(piece, NeverStop())
        if show is not None:
            show(found.text, "")
        return found


def _after(texts: list[str], show: Show | None) -> Show | None:
    """`show` for the utterance that follows `texts`."""
    if show is None:
        return None
    before = " ".join(texts)
    return lambda stable, tentative: show(f"{before} {stable}".strip(), tentative)
