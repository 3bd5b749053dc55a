"""`assistant bench conversation`: turn taking in a simulated room with an echo."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from assistant.cli.bench import shared
from assistant.cli.bench.shared import RECORDINGS, Clips, check_writable, number, print_report, progress, show_machine
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file

if TYPE_CHECKING:
    from assistant.bench.clips import Clip
    from assistant.bench.conversation.det import Curve
    from assistant.bench.conversation.report import ConversationReport, ConversationSummary


def conversation(
    clips: Clips = None,
    minutes: Annotated[
        float,
        typer.Option(
            "--minutes",
            min=0.1,
            max=600,
            help="Length of the assistant's own speech: half with an echo 20 dB below it, half 10 dB.",
        ),
    ] = 10,
    det: Annotated[
        Path | None,
        typer.Option(
            "--det",
            metavar="FILE.svg",
            help="Measure the wake words alone, and draw misses against false wakes an hour over their thresholds.",
        ),
    ] = None,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Wake words, endpointing, barge-in, backchannels and the assistant's own voice, in a simulated room."""
    from assistant.bench.clips import choose
    from assistant.bench.conversation.run import measure_conversation

    settings = config_file.load(config)
    chosen = choose(clips or [], RECORDINGS)
    if det is not None:
        check_writable(det)
        _draw_det(chosen, det, json=json)
        return
    pull_missing(list(settings.models.values()), offline=offline)
    with progress("reading the recordings") as update:
        report = measure_conversation(settings, chosen, minutes, update)
    print_report(report, _show, json=json)


def _draw_det(clips: "list[Clip]", to: Path, *, json: bool) -> None:
    from assistant.bench.conversation.det import draw_det
    from assistant.bench.conversation.run import measure_det

    with progress("reading the recordings") as update:
        found = measure_det(clips, update)
    to.write_text(draw_det(found, "Wake words: misses against false wakes"), encoding="utf-8")
    print_report(found, _show_det, json=json)


def _show_det(found: "list[Curve]", console: Console) -> None:
    """Print the points in use."""
    table = Table("", "words missed", "false wakes an hour", "near misses that wake", box=SIMPLE_HEAD, pad_edge=False)
    for curve in found:
        point = curve.chosen
        rate = number(point.false_wakes_per_hour, 1)
        table.add_row(curve.name, _percent(point.misses), rate, _percent(point.near_misses))
    console.print(table)


def _show(report: "ConversationReport", console: Console) -> None:
    """Print the summary, and the trials that failed."""
    console.print(_summary_table(report.summary))
    failed = Table("failed", "clip", "variant", box=SIMPLE_HEAD, pad_edge=False)
    for trial in report.trials:
        if not trial.passed:
            failed.add_row(trial.measure.replace("_", "-"), trial.clip, trial.variant)
    if failed.row_count:
        console.print(failed)
    show_machine(report, console)


def _summary_table(summary: "ConversationSummary") -> Table:
    own_speech = shared.minutes(summary.own_speech_s)
    table = Table("", "", "of")
    for name, figure, of in (
        ("wake words detected", _percent(summary.wake_hit_rate), str(summary.wake_words)),
        ("near misses that woke", str(summary.near_misses_woken), str(summary.near_misses)),
        ("false wakes an hour", number(summary.false_wakes_per_hour, 1), shared.minutes(summary.negative_s)),
        ("commits in a pause", _percent(summary.premature_commit_rate), str(summary.pauses)),
        (
            "commits in a stretched pause",
            _percent(summary.premature_commit_rate_stretched),
            str(summary.stretched_pauses),
        ),
        ("barge-ins missed", str(summary.barge_ins_missed), str(summary.barge_ins)),
        ("backchannels survived", str(summary.backchannels_survived), str(summary.backchannels)),
        ("self-interruptions", str(summary.self_interruptions), own_speech),
        ("self-wakes", str(summary.self_wakes), own_speech),
        ("ducked by its own voice", str(summary.disturbances), own_speech),
    ):
        table.add_row(name, figure, of)
    table.add_section()
    table.add_row("ms", "median", "p95 … max", style="bold")
    for name, spread in (
        ("end of a wake word to its event", summary.wake_latency_ms),
        ("end of a sentence to the commit", summary.endpoint_delay_ms),
        ("barge-in to silence", summary.barge_in_to_silence_ms),
    ):
        table.add_row(name, number(spread.median), f"{number(spread.p95)} … {number(spread.max)}")
    return table


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.1%}"
