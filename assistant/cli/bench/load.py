"""`assistant bench load`: what many clients of the socket cost."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from assistant.cli.bench.shared import RECORDINGS, Clips, print_report, progress, show_machine, three
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file

if TYPE_CHECKING:
    from assistant.bench.load.report import LoadReport


def load(
    clips: Clips = None,
    clients: Annotated[
        int,
        typer.Option(
            "--clients",
            min=1,
            max=2000,
            help="Clients. Of ten, eight subscribe to every event, one asks for the status, one misbehaves.",
        ),
    ] = 200,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Latency of calls and answers with many clients of the socket, and without."""
    from assistant.bench.clips import choose, is_english_request
    from assistant.bench.load.run import measure_load

    settings = config_file.load(config)
    chosen = choose(clips or [], RECORDINGS, is_english_request)
    pull_missing(list(settings.models.values()), offline=offline)
    with progress("loading the models") as update:
        report = measure_load(settings, chosen, clients, update)
    print_report(report, _show, json=json)


def _show(report: "LoadReport", console: Console) -> None:
    """Print both conditions side by side."""
    table = Table("", "without", f"with {report.loaded.clients} clients", box=SIMPLE_HEAD, pad_edge=False)
    conditions = (report.quiet, report.loaded)
    for name, spreads, digits in (
        ("status, median … p95 … max (ms)", [one.status_ms for one in conditions], 1),
        ("voice-to-voice, median … p95 … max (ms)", [one.voice_to_voice_ms for one in conditions], 0),
    ):
        table.add_row(name, *(three(spread, digits) for spread in spreads))
    table.add_row("calls", *(str(one.calls) for one in conditions))
    table.add_row("late blocks", *(str(one.late_blocks) for one in conditions))
    table.add_row("errors", *(str(one.errors) for one in conditions))
    console.print(table)
    if (ratio := report.ratio) is not None:
        console.print(f"ratio of voice-to-voice, 95% interval: {ratio.median} ({ratio.low} to {ratio.high})")
    console.print(f"{report.events_dropped} events dropped")
    show_machine(report, console)
