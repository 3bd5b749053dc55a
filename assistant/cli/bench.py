"""`assistant bench`: recordings through the pipeline in real time, measured."""

import sys
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

if TYPE_CHECKING:
    from assistant.bench.report import Report, Row, Spread, WindowRow

RECORDINGS = Path(__file__).parents[2] / "tests" / "speech"
"""The recordings of a checkout; an installed package has none."""

MARKS = ("soft_end", "transcript", "first_token", "first_audio", "commit")

SHORT = {"soft_end": "soft", "transcript": "words", "first_audio": "audio"}
"""Marks in the table of clips, which has to fit into 80 columns, and what its head calls them."""


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
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Measure latency, word errors, real-time factors and memory on recordings."""
    settings = config_file.load(config)
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose
    from assistant.bench.run import run

    progress = Console(stderr=True)
    chosen = choose(clips or [], RECORDINGS)
    with progress.status(f"Loading the models for {len(chosen)} clips …") as status:
        report = run(settings, chosen, lambda row: status.update(f"{row.clip} …"))
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        _show(report, Console())


def _show(report: "Report", console: Console) -> None:
    console.print(_clip_table(report.clips), _summary_table(report))
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
    table.add_section()
    table.add_row("word error rate", _number(summary.wer, 4))
    table.add_row("cut-ins", str(summary.cut_ins))
    table.add_row("errors", str(summary.errors))
    table.add_row("start-up s", _number(summary.start_s, 2))
    table.add_row("peak memory MB", _number(summary.peak_rss_mb))
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
