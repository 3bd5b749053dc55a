"""The benchmark: recordings through the whole pipeline, one after another, in real time."""

from collections.abc import Callable
from functools import partial

import anyio

from assistant.asr.faster_whisper import FasterWhisper
from assistant.audio.check import check_audio
from assistant.audio.decode import read_audio
from assistant.bench.clips import Clip
from assistant.bench.report import Report, Row, summarise
from assistant.bench.wer import corpus_error_rate, word_error_rate
from assistant.bench.window import compare_windows
from assistant.config import Config
from assistant.dialogue.engines import Engines
from assistant.dialogue.recorded import Answer, ask
from assistant.errors import AssistantError
from assistant.loading import load_engines
from assistant.system.hardware import describe_machine
from assistant.system.process import peak_memory_mb, seconds_since_start

MAX_CLIP_S = 120.0
"""Longest recording in seconds that the benchmark plays; it plays in real time."""


def run(config: Config, clips: list[Clip], done: Callable[[Row], None]) -> Report:
    """Load the engines and ask every clip of a fresh conversation; `done` hears of each.

    A clip that fails is a row with an error. Raises `AssistantError` (`model.*`) when the engines cannot be loaded.
    """
    engines = load_engines(config)
    start_s = seconds_since_start()
    try:
        rows = []
        for clip in clips:
            rows.append(_run_clip(engines, config, clip))
            done(rows[-1])
        peak_rss_mb = peak_memory_mb()  # before the comparison, whose full windows need more
        return Report(
            clips=rows,
            summary=summarise(rows, wer=_corpus_error_rate(clips, rows), start_s=start_s, peak_rss_mb=peak_rss_mb),
            windows=compare_windows(engines.recognizer, clips) if isinstance(engines.recognizer, FasterWhisper) else [],
            machine=describe_machine(),
            models=engines.names,
            devices=engines.devices,
        )
    finally:
        engines.close()


def _run_clip(engines: Engines, config: Config, clip: Clip) -> Row:
    try:
        question = read_audio(clip.path, max_s=MAX_CLIP_S)
        check_audio(question, where=str(clip.path))
        answer = anyio.run(
            partial(ask, engines, config, question, emit=lambda event: None, true_speech_end_s=clip.speech_end_s)
        )
    except AssistantError as error:
        return Row(clip=clip.name, error=error.code)
    return _row(clip, answer)


def _row(clip: Clip, answer: Answer) -> Row:
    turn = answer.turn
    return Row(
        clip=clip.name,
        transcript=turn.transcript,
        reply=turn.reply,
        wer=_word_error_rate(clip, turn.transcript),
        marks_ms=turn.marks_ms,
        voice_to_voice_ms=turn.marks_ms.playback,
        asr_real_time_factor=_ratio(turn.work_s["asr"], answer.question_s),
        tts_real_time_factor=_ratio(turn.work_s["tts"], turn.audio_s),
        tokens_reused=turn.tokens_reused,
        tokens_evaluated=turn.tokens_evaluated,
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
