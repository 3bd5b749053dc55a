"""The benchmark: recordings through the whole pipeline, one after another, in real time."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import anyio

from assistant.app.loading import load_engines
from assistant.asr.faster_whisper import FasterWhisper
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.audio.pcm import LISTENING_RATE, Samples
from assistant.bench.clips import Clip
from assistant.bench.speed import sequential
from assistant.bench.speed.report import Baseline, Report, Row, spread, spread_marks, summarise, timed
from assistant.bench.speed.sink import Stopwatch
from assistant.bench.speed.wer import corpus_error_rate, word_error_rate
from assistant.bench.speed.window import compare_windows
from assistant.config.schema import Config
from assistant.engines.engines import Engines
from assistant.errors import AssistantError
from assistant.events import Emitter, Event, TurnFinished
from assistant.host.hardware import describe_machine, usable_cores
from assistant.host.process import peak_memory_mb, seconds_since_start
from assistant.rooms import recorded
from assistant.tts.remembered import RememberedVoice

PIPELINE = "assistant"
BASELINE = "sequential"
"""What the two pipelines of a run are called."""

MAX_CLIP_S = 120.0
"""Longest recording in seconds that the benchmark plays; it plays in real time."""


def run(config: Config, clips: list[Clip], done: Callable[[str, Row], None], *, baseline: bool = False) -> Report:
    """Load the engines and ask every clip of a fresh conversation; `done` hears the pipeline's name and the row.

    With `baseline` the sequential pipeline answers each clip too, right after it, so that whatever else the machine
    does hits both; its engines are loaded besides, and use every core. A clip that fails is a row with an error. Raises
    `AssistantError` (`model.*`) when the engines cannot be loaded.
    """
    with ExitStack() as loaded:
        engines = load_engines(config)
        loaded.callback(engines.close)
        start_s = seconds_since_start()
        pipelines = {PIPELINE: partial(_ask, engines, config)}
        if baseline:
            others = load_engines(config, sequential.budget(usable_cores()))
            loaded.callback(others.close)
            pipelines[BASELINE] = partial(_ask_sequential, others, config)
        rows: dict[str, list[Row]] = {name: [] for name in pipelines}
        for clip in clips:
            for name, answer in pipelines.items():
                rows[name].append(_run_clip(answer, clip))
                done(name, rows[name][-1])
        peak_rss_mb = peak_memory_mb()  # before the comparison, whose full windows need more
        return Report(
            clips=rows[PIPELINE],
            summary=summarise(
                rows[PIPELINE],
                wer=_corpus_error_rate(clips, rows[PIPELINE]),
                start_s=start_s,
                peak_rss_mb=peak_rss_mb,
                baseline=rows.get(BASELINE, ()),
            ),
            windows=compare_windows(engines.recognizer, clips) if isinstance(engines.recognizer, FasterWhisper) else [],
            baseline=_baseline(clips, rows[BASELINE]) if baseline else None,
            machine=describe_machine(),
            models=engines.names,
            devices=engines.devices,
        )


def _baseline(clips: list[Clip], rows: list[Row]) -> Baseline:
    answered = timed(rows)
    return Baseline(
        name=BASELINE,
        clips=rows,
        voice_to_voice_ms=spread(row.voice_to_voice_ms for row in answered),
        marks_ms=spread_marks(answered),
        wer=_corpus_error_rate(clips, rows),
    )


def _run_clip(ask: Callable[[Samples, float | None], TurnFinished], clip: Clip) -> Row:
    try:
        question = read_question(clip)
        return row_of(clip, ask(question, clip.speech_end_s), len(question) / LISTENING_RATE)
    except AssistantError as error:
        return Row(clip=clip.name, error=error.code)


def read_question(clip: Clip) -> Samples:
    """The audio of `clip`. Raises `AssistantError` (`audio.*`)."""
    question = read_audio(clip.path, max_s=MAX_CLIP_S)
    check_audio(question, where=str(clip.path))
    return question


def _ask(engines: Engines, config: Config, question: Samples, true_end_s: float | None) -> TurnFinished:
    return anyio.run(ask, engines, config, question, true_end_s, ignore)


def ignore(event: Event) -> None:
    """Nobody is told."""


async def ask(
    engines: Engines, config: Config, question: Samples, true_end_s: float | None, emit: Emitter
) -> TurnFinished:
    """The pipeline. Nothing of an earlier clip may help, so the voice forgets what it remembers."""
    if isinstance(engines.voice, RememberedVoice):
        engines.voice.forget()
    answer = await recorded.ask(engines, config, question, emit=emit, true_speech_end_s=true_end_s, sink=Stopwatch())
    return (*answer.premature, answer.turn)[0]  # one that was reopened had cut in


def _ask_sequential(engines: Engines, config: Config, question: Samples, true_end_s: float | None) -> TurnFinished:
    if isinstance(engines.voice, RememberedVoice):
        engines.voice.forget()
    return anyio.run(partial(sequential.ask, engines, config, question, true_end_s))


def row_of(clip: Clip, turn: TurnFinished, question_s: float) -> Row:
    return Row(
        clip=clip.name,
        transcript=turn.transcript,
        reply=turn.reply,
        wer=_word_error_rate(clip, turn.transcript),
        marks_ms=turn.marks_ms,
        voice_to_voice_ms=turn.marks_ms.playback,
        asr_real_time_factor=_ratio(turn.work_s["asr"], question_s),
        tts_real_time_factor=_ratio(turn.work_s["tts"], turn.audio_s),
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


def _corpus_error_rate(clips: list[Clip], rows: list[Row]) -> float | None:
    compared = [
        (clip.transcript or "", row.transcript, clip.language or "en")
        for clip, row in zip(clips, rows, strict=True)
        if clip.has_reference
    ]
    return round(corpus_error_rate(compared), 4) if compared else None


def _ratio(seconds: float, audio_s: float) -> float | None:
    return round(seconds / audio_s, 4) if audio_s else None
