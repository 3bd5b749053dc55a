"""`assistant bench soak`: whether a daemon that runs for an hour leaks, slows down or misses anything."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Column, Table

from assistant.cli.bench import shared
from assistant.cli.bench.shared import (
    RECORDINGS,
    Clips,
    check_writable,
    number,
    print_report,
    progress,
    show_machine,
    three,
)
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file

if TYPE_CHECKING:
    from assistant.bench.soak.report import SoakReport

TREND_LABELS = {
    "memory_mb": ("memory", "MB"),
    "anonymous_mb": ("anonymous memory", "MB"),
    "files": ("file descriptors", ""),
    "threads": ("threads", ""),
    "voice_to_voice_ms": ("voice-to-voice", "ms"),
}
"""Label and unit of each figure with a trend."""

INTERVAL_HEADINGS = (
    "min",
    "MB",
    "anon",
    "files",
    "thr",
    "core",
    "wakes",
    "turns",
    "miss",
    "late",
    "lost",
    "und",
    "v2v",
    "shed",
)
INTERVAL_CAPTION = (
    "minute at the end · resident and anonymous memory · file descriptors, threads, cores busy, wake-ups a second · "
    "turns, missed ones · late blocks, samples lost, underruns · voice-to-voice in ms · load shed"
)
"""Headings short enough for 80 columns, and what they stand for."""


def soak(
    clips: Clips = None,
    minutes: Annotated[
        float,
        typer.Option(
            "--minutes",
            min=0.1,
            max=600,
            help="Length of the run. It is idle for a tenth of it, at least a minute, at the start and at the end.",
        ),
    ] = 60,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="FILE.svg", help="Draw memory and voice-to-voice over time."),
    ] = None,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Memory, latency and missed turns of a daemon that is talked to for an hour, in a private PulseAudio."""
    from assistant.bench.clips import choose
    from assistant.bench.soak.plot import draw_soak
    from assistant.bench.soak.run import run_soak

    settings = config_file.load(config)
    if plot is not None:
        check_writable(plot)
    chosen = choose(clips or [], RECORDINGS)
    pull_missing(list(settings.models.values()), offline=offline)
    with progress("reading the recordings") as update:
        report = run_soak(settings, chosen, minutes, update)
    if plot is not None:
        plot.write_text(draw_soak(report), encoding="utf-8")
    print_report(report, _show, json=json)


def _show(report: "SoakReport", console: Console) -> None:
    """Print the figures over time, their trends, the idle daemon, missed turns, and the targets."""
    if report.rows:
        console.print(_interval_table(report))
    console.print(_trend_table(report), _idle_table(report))
    missed = Table("missed", "scene", "clip", box=SIMPLE_HEAD, pad_edge=False)
    for exchange in report.exchanges:
        if exchange.missed:
            missed.add_row(exchange.missed, exchange.scene, exchange.clip)
    if missed.row_count:
        console.print(missed)
    console.print(_target_table(report))
    console.print(
        f"{report.turns} turns in {shared.minutes(report.talk_s)}, {report.interrupted} interrupted as intended, "
        f"{report.false_wakes} false wakes, load shed {report.load_sheds} times; voice-to-voice "
        f"{three(report.voice_to_voice_ms, 0)} ms (median … p95 … max)"
    )
    show_machine(report, console)


def _interval_table(report: "SoakReport") -> Table:
    columns = (Column(heading, justify="right", no_wrap=True) for heading in INTERVAL_HEADINGS)
    table = Table(
        *columns, box=SIMPLE_HEAD, show_edge=False, padding=0, caption=INTERVAL_CAPTION, caption_justify="left"
    )
    for row in report.rows:
        figures = (row.memory_mb, row.anonymous_mb, row.files, row.threads)
        counts = (row.turns, row.missed, row.late_blocks, row.dropped_samples, row.underflows)
        table.add_row(
            number(row.until_s / 60, 1),
            *(number(figure) for figure in figures),
            number(row.core, 2),
            number(row.wakeups_per_s),
            *(str(count) for count in counts),
            number(row.voice_to_voice_ms),
            str(row.load_sheds),
        )
    return table


def _trend_table(report: "SoakReport") -> Table:
    table = Table("trend", "change an hour", "95% interval", "", box=SIMPLE_HEAD, pad_edge=False)
    for name, trend in report.trends.items():
        label, unit = TREND_LABELS[name]
        if trend is None:
            table.add_row(label, "–", "–", "too few readings")
            continue
        verdict = "noise" if trend.is_noise else "grows" if trend.grows else "shrinks"
        table.add_row(label, f"{trend.slope:+.2f} {unit}", f"{trend.low:+.2f} to {trend.high:+.2f}", verdict)
    return table


def _idle_table(report: "SoakReport") -> Table:
    table = Table("idle", "thread", "core", "wake-ups/s", "MB", "anon", box=SIMPLE_HEAD, pad_edge=False)
    for when, idle in report.idle.items():
        memory = (number(idle.memory_mb), number(idle.anonymous_mb))
        table.add_row(f"{when}, {idle.seconds:.0f} s", "all", f"{idle.core:.1%}", number(idle.wakeups_per_s), *memory)
        for thread in idle.threads:
            table.add_row("", thread.name, f"{thread.core:.1%}", number(thread.wakeups_per_s))
    return table


def _target_table(report: "SoakReport") -> Table:
    table = Table("target", "reached", "found", box=SIMPLE_HEAD, pad_edge=False)
    for target in report.targets:
        table.add_row(target.name, "yes" if target.reached else "no", target.found)
    return table
