"""`assistant bench speed`: latency, word errors and cost, clip by clip."""

from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from assistant.cli.bench.shared import (
    RECORDINGS,
    Clips,
    check_writable,
    number,
    print_report,
    progress,
    show_machine,
)
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file
from assistant.config.schema import Config

if TYPE_CHECKING:
    from assistant.bench.speed.report import Baseline, ClipResult, SpeedReport, WindowResult
    from assistant.bench.spread import Spread

MARKS = ("soft_end", "revision", "transcript", "first_token", "first_audio", "commit")

CLIP_MARKS = {"soft_end": "soft", "transcript": "words", "first_audio": "audio"}
"""Marks in the table of clips, which has to fit into 80 columns, with their column headings."""


class BaselinePipeline(StrEnum):
    """The pipelines to compare with."""

    SEQUENTIAL = "sequential"


def speed(
    clips: Clips = None,
    baseline: Annotated[
        BaselinePipeline | None,
        typer.Option(
            "--baseline",
            help="Let another pipeline with the same models answer each clip too. sequential waits for 0.7 s of "
            "silence, recognises on Whisper's full window, generates the whole reply, and then speaks.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.svg", help="Draw the waterfall of each pipeline's median turn."),
    ] = None,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Latency, word errors and cost of answering English questions and commands."""
    from assistant.bench.speed.plot import draw_waterfalls

    settings = config_file.load(config)
    if plot is not None:
        check_writable(plot)
    report = _measure(settings, clips or [], baseline=baseline is not None, offline=offline)
    if plot is not None:
        plot.write_text(draw_waterfalls(report), encoding="utf-8")
    print_report(report, _show, json=json)


def _measure(settings: Config, paths: list[Path], *, baseline: bool, offline: bool) -> "SpeedReport":
    from assistant.bench.clips import choose, is_english_request
    from assistant.bench.speed.run import measure_speed
    from assistant.bench.speed.wer import require_jiwer

    require_jiwer()
    chosen = choose(paths, RECORDINGS, is_english_request)
    pull_missing(list(settings.models.values()), offline=offline)
    total = len(chosen) * (2 if baseline else 1)
    with progress(f"loading the models for {total} questions") as update:
        done = count(1)
        return measure_speed(
            settings,
            chosen,
            lambda pipeline, result: update(f"{next(done)} of {total}: {result.clip} by {pipeline}"),
            baseline=baseline,
        )


def _show(report: "SpeedReport", console: Console) -> None:
    console.print(_clip_table(report.clips), _summary_table(report))
    if report.baseline is not None:
        console.print(_baseline_table(report, report.baseline))
    if report.windows:
        console.print(_window_table(report.windows))
    show_machine(report, console)


def _clip_table(results: list["ClipResult"]) -> Table:
    """One line a clip, with marks in milliseconds after the end of speech."""
    clip, text = Column("clip", no_wrap=True), Column("transcript", no_wrap=True, overflow="ellipsis", min_width=20)
    figures = [Column(name, justify="right", no_wrap=True) for name in ("wer", *CLIP_MARKS.values(), "v2v")]
    table = Table(clip, *figures, text, box=SIMPLE_HEAD, pad_edge=False)
    for result in results:
        marks = [number(getattr(result.marks_ms, name)) for name in CLIP_MARKS]
        transcript = result.error or ("cut in: " if result.cut_in else "") + result.transcript
        figures_of_clip = (number(result.wer, 2), *marks, number(result.voice_to_voice_ms))
        table.add_row(result.clip[:22], *figures_of_clip, transcript)
    return table


def _summary_table(report: "SpeedReport") -> Table:
    summary = report.summary
    table = Table("", "median", "p95", "max")
    for name in MARKS:
        table.add_row(f"{name} ms", *_cells(summary.marks_ms[name]))
    table.add_row("voice-to-voice ms", *_cells(summary.voice_to_voice_ms), style="bold")
    table.add_row("recognition, real-time factor", *_cells(summary.asr_real_time_factor, 3))
    table.add_row("synthesis, real-time factor", *_cells(summary.tts_real_time_factor, 3))
    table.add_row("cores busy while the user speaks", *_cells(summary.listening_cores, 2))
    table.add_row("processor seconds wasted a turn", *_cells(summary.wasted_cpu_s, 2))
    table.add_section()
    table.add_row("word error rate", number(summary.wer, 4))
    table.add_row("speculation hit rate", number(summary.speculation_hit_rate, 2))
    table.add_row("cut-ins", str(summary.cut_ins))
    table.add_row("late blocks of audio", str(summary.late_blocks))
    table.add_row("errors", str(summary.errors))
    table.add_row("start-up s", number(summary.start_s, 2))
    table.add_row("peak memory MB", number(summary.peak_rss_mb))
    return table


def _baseline_table(report: "SpeedReport", baseline: "Baseline") -> Table:
    """Compare where the time goes in both pipelines."""
    table = Table("ms, median and p95", "assistant", baseline.name)
    rows = [(name, report.summary.marks_ms[name], baseline.marks_ms[name]) for name in MARKS[2:]]
    rows.append(("voice-to-voice", report.summary.voice_to_voice_ms, baseline.voice_to_voice_ms))
    for name, ours, theirs in rows:
        table.add_row(name, *(f"{number(side.median)} … {number(side.p95)}" for side in (ours, theirs)))
    table.add_row("word error rate", number(report.summary.wer, 4), number(baseline.wer, 4))
    if ratio := report.summary.ratio_to_baseline:
        table.add_section()
        interval = f"{ratio.low:.2f} to {ratio.high:.2f}"
        table.add_row("ratio of medians, 95% interval", f"{ratio.median:.2f} ({interval})", "1", style="bold")
    return table


def _window_table(windows: list["WindowResult"]) -> Table:
    table = Table("recognition window", "wer", "differs from full", "median s", "p95 s", "max s")
    for window in windows:
        rates = (number(window.wer, 4), number(window.disagreement, 4))
        table.add_row(window.window, *rates, *_cells(window.seconds, 3))
    return table


def _cells(spread: "Spread", digits: int = 0) -> tuple[str, str, str]:
    return number(spread.median, digits), number(spread.p95, digits), number(spread.max, digits)
