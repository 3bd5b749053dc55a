"""Answer a recorded question with freshly loaded engines."""

import logging
from functools import partial
from importlib import resources
from pathlib import Path

import anyio
import msgspec

from assistant.app.loading import load_engines
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.devices.loudspeaker import Loudspeaker
from assistant.audio.foreign import read_recording
from assistant.config.schema import Config
from assistant.events import Emitter, Marks
from assistant.rooms.recorded_question import Answer, ask

log = logging.getLogger(__name__)

MAX_QUESTION_S = 60.0
"""Seconds of the longest recording accepted as a question; `assistant transcribe` takes longer ones."""

PACKAGED = "question.wav"
"""“How do you say grapefruit in French?”, the recording q_grapefruit_in_french of tests/speech (Apache-2.0)."""

PACKAGED_SPEECH_END_S = 2.315
"""Second at which its speech ends, from its record in tests/speech/clips.yaml."""


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """The object that `assistant demo --json` prints. Times are in milliseconds after the end of speech."""

    transcript: str
    language: str
    reply: str
    spoken: str
    heard: str
    marks_ms: Marks
    voice_to_voice_ms: float | None
    """From the last moment of speech to the first sample of the answer; None if nothing was played."""
    audio_s: float
    models: dict[str, str]
    devices: dict[str, str]
    error: str | None
    output: str | None = None


def answer_question(config: Config, question: Path | None, emit: Emitter) -> tuple[Answer, DemoReport]:
    """Play `question` (None: the packaged one) through the pipeline in real time.

    Raises `AssistantError`: `audio.*` for an unusable recording, `model.*` for an engine that cannot load. An error
    inside the turn is in the report.
    """
    if question is None:
        with resources.as_file(resources.files("assistant.demo") / PACKAGED) as path:
            samples, true_end = read_audio(path, max_s=MAX_QUESTION_S), PACKAGED_SPEECH_END_S
    else:
        found = read_recording(question, max_s=MAX_QUESTION_S)
        samples, true_end = found.samples, None
        named = [f"{question}: {warning}" for warning in found.warnings]
        for warning in [*named, *check_audio(samples, where=str(question))]:
            log.warning(warning)
    engines = load_engines(config)
    try:
        answer = anyio.run(partial(ask, engines, config, samples, emit=emit, true_speech_end_s=true_end))
        return answer, _report(answer, engines.names, engines.devices)
    finally:
        anyio.run(engines.aclose)


async def play_aloud(config: Config, answer: Answer) -> str:
    """Play the answer on the configured loudspeaker and return its name. Raises `AssistantError` (`device.*`)."""
    with Loudspeaker(config.audio.output) as loudspeaker:
        playback = loudspeaker.play(answer.rate)
        await playback.write(answer.audio)
        await playback.drain()
        return loudspeaker.name


def _report(answer: Answer, models: dict[str, str], devices: dict[str, str]) -> DemoReport:
    turn = answer.turn
    return DemoReport(
        transcript=turn.transcript,
        language=turn.language,
        reply=turn.reply,
        spoken=turn.spoken,
        heard=turn.heard,
        marks_ms=turn.marks_ms,
        voice_to_voice_ms=turn.marks_ms.playback,
        audio_s=turn.audio_s,
        models=models,
        devices=devices,
        error=turn.error,
    )
