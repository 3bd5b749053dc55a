"""The speed suite: every clip through the whole pipeline, one after another, in real time."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import anyio
import msgspec

from assistant.app.loading import load_engines
from assistant.asr.faster_whisper import FasterWhisper
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import MAX_CLIP_S, Clip
from assistant.bench.speed import sequential
from assistant.bench.speed.report import (
    Baseline,
    ClipResult,
    SpeedReport,
    spread_marks,
    summarise_clips,
    without_cut_ins,
)
from assistant.bench.speed.timing_sink import TimingSink
from assistant.bench.speed.wer import corpus_error_rate, word_error_rate
from assistant.bench.speed.window import compare_windows
from assistant.bench.spread import spread
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.events import Emitter, Event, TurnFinished
from assistant.host.hardware import describe_machine, usable_cores
from assistant.host.process import peak_memory_mb, seconds_since_start
from assistant.rooms import recorded_question
from assistant.tts.clause_cache import CachingVoice

PIPELINE = "assistant"
BASELINE = "sequential"
"""Names of the two pipelines in reports."""

Pipeline = Callable[[Samples, float | None], TurnFinished]
"""Answers a question, given its audio and its true end of speech in seconds."""


def measure_speed(
    config: Config, clips: list[Clip], progress: Callable[[str, ClipResult], None], *, baseline: bool = False
) -> SpeedReport:
    """Load the engines and ask every clip of a fresh conversation; `progress` gets the pipeline's name and the result.

    With `baseline` the sequential pipeline answers each clip too, right after it, so that whatever else the machine
    does affects both; its engines are loaded as well, and use every core. A clip that fails becomes a result with an
    error. Raises `AssistantError`: `model.*` when the engines cannot be loaded, `bench.library_missing`.
    """
    with ExitStack() as loaded:
        engines = load_engines(config)
        loaded.callback(anyio.run, engines.aclose)
        start_s = seconds_since_start()
        pipelines: dict[str, Pipeline] = {PIPELINE: partial(_ask_assistant, engines, config)}
        if baseline:
            sequential_engines = load_engines(config, sequential.budget(usable_cores()))
            loaded.callback(anyio.run, sequential_engines.aclose)
            pipelines[BASELINE] = partial(_ask_sequential, sequential_engines, config)
        results = _ask_all(pipelines, clips, progress)
        peak_rss_mb = peak_memory_mb()  # before the windows are compared: the full one needs more
        summary = summarise_clips(
            results[PIPELINE],
            wer=_corpus_error_rate(clips, results[PIPELINE]),
            start_s=start_s,
            peak_rss_mb=peak_rss_mb,
            baseline=results.get(BASELINE, ()),
        )
        recognizer = engines.recognition.engine
        return SpeedReport(
            clips=results[PIPELINE],
            summary=summary,
            windows=compare_windows(recognizer, clips) if isinstance(recognizer, FasterWhisper) else [],
            baseline=_summarise_baseline(clips, results[BASELINE]) if baseline else None,
            machine=describe_machine(),
            models=engines.names,
            devices=engines.devices,
        )


def _ask_all(
    pipelines: dict[str, Pipeline], clips: list[Clip], progress: Callable[[str, ClipResult], None]
) -> dict[str, list[ClipResult]]:
    results: dict[str, list[ClipResult]] = {name: [] for name in pipelines}
    for clip in clips:
        for name, pipeline in pipelines.items():
            results[name].append(_ask_clip(pipeline, clip))
            progress(name, results[name][-1])
    return results


def _ask_clip(pipeline: Pipeline, clip: Clip) -> ClipResult:
    try:
        question = read_question(clip)
        result = clip_result(clip, pipeline(question, clip.speech_end_s), len(question) / LISTENING_RATE)
    except AssistantError as error:
        return ClipResult(clip=clip.name, error=error.code)
    return msgspec.structs.replace(result, wer=_word_error_rate(clip, result.transcript))


def _summarise_baseline(clips: list[Clip], results: list[ClipResult]) -> Baseline:
    timed = without_cut_ins(results)
    return Baseline(
        name=BASELINE,
        clips=results,
        voice_to_voice_ms=spread(result.voice_to_voice_ms for result in timed),
        marks_ms=spread_marks(timed),
        wer=_corpus_error_rate(clips, results),
    )


def read_question(clip: Clip) -> Samples:
    """Read the audio of `clip` and check it. Raises `AssistantError` (`audio.*`)."""
    question = read_audio(clip.path, max_s=MAX_CLIP_S)
    check_audio(question, where=str(clip.path))
    return question


async def ask(
    engines: Engines, config: Config, question: Samples, true_end_s: float | None, emit: Emitter
) -> TurnFinished:
    """Ask the assistant `question`. The voice first forgets the clauses it has cached, so that clips stay independent.

    A turn that was committed in a pause and reopened counts as the answer: it cut in.
    """
    if isinstance(engines.voice, CachingVoice):
        engines.voice.forget()
    answer = await recorded_question.ask(
        engines, config, question, emit=emit, true_speech_end_s=true_end_s, sink=TimingSink()
    )
    return (*answer.premature, answer.turn)[0]


def _ask_assistant(engines: Engines, config: Config, question: Samples, true_end_s: float | None) -> TurnFinished:
    return anyio.run(ask, engines, config, question, true_end_s, _ignore)


def _ignore(event: Event) -> None:
    """Drop `event`: the turn itself has every figure."""


def _ask_sequential(engines: Engines, config: Config, question: Samples, true_end_s: float | None) -> TurnFinished:
    if isinstance(engines.voice, CachingVoice):
        engines.voice.forget()
    return anyio.run(sequential.ask, engines, config, question, true_end_s)


def clip_result(clip: Clip, turn: TurnFinished, question_s: float) -> ClipResult:
    """Return the figures of `turn`, which answered `clip` (`question_s` seconds long), without its word error rate."""
    return ClipResult(
        clip=clip.name,
        transcript=turn.transcript,
        reply=turn.reply,
        marks_ms=turn.marks_ms,
        voice_to_voice_ms=turn.marks_ms.playback,
        asr_real_time_factor=_real_time_factor(turn.work_s["asr"], question_s),
        tts_real_time_factor=_real_time_factor(turn.work_s["tts"], turn.audio_s),
        tokens_reused=turn.tokens_reused,
        tokens_evaluated=turn.tokens_evaluated,
        revisions=turn.revisions,
        wasted_cpu_s=turn.wasted_cpu_s,
        listening_cores=turn.listening_cores,
        late_blocks=turn.late_blocks,
        cut_in=turn.marks_ms.commit is not None and turn.marks_ms.commit < 0,
        error=turn.error,
    )


def _word_error_rate(clip: Clip, transcript: str) -> float | None:
    if clip.transcript is None or not clip.has_reference:
        return None
    return round(word_error_rate(clip.transcript, transcript, clip.language or "en"), 4)


def _corpus_error_rate(clips: list[Clip], results: list[ClipResult]) -> float | None:
    compared = [
        (clip.transcript or "", result.transcript, clip.language or "en")
        for clip, result in zip(clips, results, strict=True)
        if clip.has_reference
    ]
    return round(corpus_error_rate(compared), 4) if compared else None


def _real_time_factor(seconds: float, audio_s: float) -> float | None:
    return round(seconds / audio_s, 4) if audio_s else None
