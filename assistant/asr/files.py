"""Transcription of recordings up to `MAX_S` long."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from assistant.asr.base import SpeechRecognizer, Transcription
from assistant.asr.streaming import StreamingTranscriber
from assistant.asr.utterances import cut_utterances
from assistant.audio.check import check_audio
from assistant.audio.foreign import read_recording
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.blocking import NeverStop
from assistant.vad.base import VoiceActivity

MAX_S = 4 * 3600.0
"""Seconds of the longest recording: 920 MB of samples in memory, and an hour of work on a small machine."""


AUDIBLE_PEAK = 0.1
"""Amplitude to which a quieter recording is amplified at its loudest: -20 dB, as the quietest of tests/speech."""


class FileTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript of one file, as `assistant transcribe --json` prints it."""

    file: str
    text: str
    doubtful: bool
    """Some of the text may be wrong: it repeats itself, or is improbable to the model."""
    speech_s: float
    """Seconds of speech. Without text, 0 means that nobody speaks, and more that no words were understood."""
    language: str
    """Detected in the first utterance with words and then used for the rest; empty if none has words."""
    audio_s: float
    seconds: float
    """Processing time, reading included."""
    warnings: list[str]
    """What is wrong with the recording, a sentence each."""


EmitText = Callable[[str, str], None]
"""Receives the stable and the tentative text of the file so far."""


class FileTranscriber:
    """Reads, checks and transcribes one file after another with one recogniser."""

    def __init__(
        self, recognizer: SpeechRecognizer, activity: VoiceActivity, language: str | None, step_s: float
    ) -> None:
        self._recognizer = recognizer
        self._activity = activity
        self._language = language
        self._step = int(step_s * LISTENING_RATE)

    def transcribe(self, file: Path, emit: EmitText | None) -> FileTranscript:
        """Transcribe `file`; with `emit`, as if it were being spoken, emitting the text as it grows.

        Raises `AssistantError` (`audio.*`, `asr.failed`).
        """
        began = time.monotonic()
        recording = read_recording(file, max_s=MAX_S)
        audio = _audible(recording.samples)
        warnings = [
            *(f"{file}: {warning}" for warning in recording.warnings),
            *check_audio(recording.samples, where=str(file)),
        ]
        texts: list[str] = []
        language = self._language
        speech_s, doubtful = 0.0, False
        for piece in cut_utterances(audio, self._activity):
            speech_s += len(piece) / LISTENING_RATE
            found = self._utterance(piece, language, _after(texts, emit))
            doubtful |= found.doubtful
            if found.text:
                texts.append(found.text)
                language = found.language
        return FileTranscript(
            file=str(file),
            text=" ".join(texts),
            doubtful=doubtful,
            speech_s=round(speech_s, 3),
            language=language or "",
            audio_s=round(len(audio) / LISTENING_RATE, 3),
            seconds=round(time.monotonic() - began, 3),
            warnings=warnings,
        )

    def _utterance(self, piece: Samples, language: str | None, emit: EmitText | None) -> Transcription:
        transcriber = StreamingTranscriber(self._recognizer, language)
        if emit is not None:
            for end in range(self._step, len(piece), self._step):
                partial = transcriber.attempt(piece[:end], NeverStop())
                emit(partial.stable, partial.tentative)
        found = transcriber.final(piece, NeverStop())
        if emit is not None:
            emit(found.text, "")
        return found


def _audible(audio: Samples) -> Samples:
    """Amplify a quiet recording: voice activity hears nothing below -50 dB, the recogniser words down to -70 dB."""
    peak = float(np.abs(audio).max(initial=0.0))
    return audio * np.float32(AUDIBLE_PEAK / peak) if 0 < peak < AUDIBLE_PEAK else audio


def _after(texts: list[str], emit: EmitText | None) -> EmitText | None:
    """Prepend `texts` to what is emitted for the utterance that follows them."""
    if emit is None:
        return None
    before = " ".join(texts)
    return lambda stable, tentative: emit(f"{before} {stable}".strip(), tentative)
