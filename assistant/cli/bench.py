"""`assistant bench`: recordings through the pipeline in real time, measured."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from assistant import config_file
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from assistant.bench.report import Baseline, Report, Row, Spread, WindowRow

RECORDINGS = Path(__file__).parents[2] / "tests" / "speech"
"""The recordings of a checkout; an installed package has none."""

MARKS = ("soft_end", "revision", "transcript", "first_token", "first_audio", "commit")

SHORT = {"soft_end": "soft", "transcript": "words", "first_audio": "audio"}
"""Marks in the table of clips, which has to fit into 80 columns, and what its head calls them."""


class Pipeline(StrEnum):
    """What the assistant can be compared with."""

    SEQUENTIAL = "sequential"


def bench(
    clips: Annotated[
        list[Path] | None,
        typer.Option(
            "--clips",
            metavar="DIR|FILE",
            help="Recordings: a folder (with records in clips.yaml, or without) or a file; may be given several times. "
            "Without it: the English questions and commands of a checkout's tests/speech.",
        ),
    ] = None,
    baseline: Annotated[
        Pipeline | None,
        typer.Option(
            "--baseline",
            help="Let another pipeline answer every clip too, in turns, with the same models: sequential waits for "
            "0.7 s of silence, recognises Whisper's whole window, writes the whole reply and then speaks.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.svg", help="Draw the waterfall of the median turn of each pipeline."),
    ] = None,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Measure latency, word errors, processor time and memory on recordings."""
    settings = config_file.load(config)
    if plot is not None:
        _check_writable(plot)
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose
    from assistant.bench.plot import waterfalls
    from assistant.bench.run import run

    chosen = choose(clips or [], RECORDINGS)
    with _Progress(len(chosen) * (2 if baseline else 1)) as progress:
        report = run(settings, chosen, progress.answered, baseline=baseline is not None)
    if plot is not None:
        plot.write_text(waterfalls(report), encoding="utf-8")
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        _show(report, Console())


class _Progress:
    """A line on standard error that says which clip was answered last, and how many there are."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._status = Console(stderr=True).status(f"Loading the models for {total} questions …")

    def __enter__(self) -> "_Progress":
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def answered(self, pipeline: str, row: "Row") -> None:
        self._done += 1
        self._status.update(f"{self._done} of {self._total}: {row.clip} by {pipeline} …")


def _check_writable(path: Path) -> None:
    """Before the minutes that a run takes. Raises `AssistantError` (`output.unwritable`)."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise AssistantError(Code.OUTPUT_UNWRITABLE, f"{path}: {error.strerror}; choose another file") from error


def _show(report: "Report", console: Console) -> None:
    console.print(_clip_table(report.clips), _summary_table(report))
    if report.baseline is not None:
        console.print(_baseline_table(report, report.baseline))
    if report.windows:
        console.print(_window_table(report.windows))
    machine = ", ".join(f"{key} {value}" for key, value in report.machine.items())
    engines = " · ".join(f"{name} on {report.devices[stage]}" for stage, name in report.models.items())
    console.print(f"{engines}\n{machine}", style="dim")


def _clip_table(rows: list["Row"]) -> Table:
    """One line a clip, marks in milliseconds after the end of speech."""
    clip, said = Column("clip", no_wrap=True), Column("transcript", no_wrap=True, overflow="ellipsis", min_width=20)
    figures = [Column(name, justify="right", no_wrap=True) for name in ("wer", *SHORT.values(), "v2v")]
    table = Table(clip, *figures, said, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        marks = [_number(getattr(row.marks_ms, name)) for name in SHORT]
        heard = row.error or ("cut in: " if row.cut_in else "") + row.transcript
        table.add_row(row.clip[:22], _number(row.wer, 2), *marks, _number(row.voice_to_voice_ms), heard)
    return table


def _summary_table(report: "Report") -> Table:
    summary = report.summary
    table = Table("", "median", "p95", "max")
    for name in MARKS:
        table.add_row(f"{name} ms", *_spread(summary.marks_ms[name]))
    table.add_row("voice-to-voice ms", *_spread(summary.voice_to_voice_ms), style="bold")
    table.add_row("recognition, real-time factor", *_spread(summary.asr_real_time_factor, 3))
    table.add_row("synthesis, real-time factor", *_spread(summary.tts_real_time_factor, 3))
    table.add_row("cores busy while the user speaks", *_spread(summary.listening_cores, 2))
    table.add_row("processor seconds wasted a turn", *_spread(summary.wasted_cpu_s, 2))
    table.add_section()
    table.add_row("word error rate", _number(summary.wer, 4))
    table.add_row("answers heard of those begun", _number(summary.speculation_hit_rate, 2))
    table.add_row("cut-ins", str(summary.cut_ins))
    table.add_row("late blocks of audio", str(summary.late_blocks))
    table.add_row("errors", str(summary.errors))
    table.add_row("start-up s", _number(summary.start_s, 2))
    table.add_row("peak memory MB", _number(summary.peak_rss_mb))
    return table


def _baseline_table(report: "Report", baseline: "Baseline") -> Table:
    """Where the time goes in both pipelines, and the ratio."""
    table = Table("ms, median and p95", "assistant", baseline.name)
    rows = [(name, report.summary.marks_ms[name], baseline.marks_ms[name]) for name in MARKS[2:]]
    rows.append(("voice-to-voice", report.summary.voice_to_voice_ms, baseline.voice_to_voice_ms))
    for name, ours, theirs in rows:
        table.add_row(name, *(f"{_number(side.median)} … {_number(side.p95)}" for side in (ours, theirs)))
    table.add_row("word error rate", _number(report.summary.wer, 4), _number(baseline.wer, 4))
    if ratio := report.summary.ratio_to_baseline:
        table.add_section()
        interval = f"{ratio.low:.2f} to {ratio.high:.2f}"
        table.add_row("ratio of medians, 95% interval", f"{ratio.median:.2f} ({interval})", "1", style="bold")
    return table


def _window_table(rows: list["WindowRow"]) -> Table:
    table = Table("window of recognition", "wer", "differs from full", "median s", "p95 s", "max s")
    for row in rows:
        table.add_row(row.window, _number(row.wer, 4), _number(row.disagreement, 4), *_spread(row.seconds, 3))
    return table


def _spread(spread: "Spread", digits: int = 0) -> tuple[str, str, str]:
    return _number(spread.median, digits), _number(spread.p95, digits), _number(spread.max, digits)


def _number(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
