"""`assistant bench answers`: whether written requests are answered right."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assistant.cli.bench.shared import print_report, progress, show_machine, three
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file

if TYPE_CHECKING:
    from assistant.bench.answers.report import AnswersReport

REQUESTS = Path(__file__).parents[3] / "tests" / "requests"
"""The requests of a checkout."""


def answers(
    requests: Annotated[
        Path | None,
        typer.Option("--requests", metavar="DIR|FILE", help="YAML files of requests. Default: those of a checkout."),
    ] = None,
    skills_only: Annotated[
        bool,
        typer.Option("--skills-only", help="Leave the language model out: what it would answer counts as nothing."),
    ] = False,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Written requests and conversations, each from an empty store: whether the answers and what they do are right."""
    from assistant.bench.answers.run import measure_answers
    from assistant.testing.scripted import Script

    settings = config_file.load(config)
    with progress("loading the models") as update:
        if skills_only:
            engines = Script().engines()
        else:
            from assistant.app.loading import load_engines

            pull_missing(list(settings.models.values()), offline=offline)
            engines = load_engines(settings)
        report = measure_answers(settings, engines, requests or REQUESTS, update)
    print_report(report, _show, json=json)


def _show(report: "AnswersReport", console: Console) -> None:
    """Print what was wrong, and the shares by language and category."""
    wrong = Table("wrong", "said", "answered", "why", box=SIMPLE_HEAD, pad_edge=False)
    for turn in report.turns:
        if not turn.passed:
            wrong.add_row(*(escape(text) for text in (f"{turn.lang} {turn.id}", turn.say, turn.reply, turn.wrong)))
    if wrong.row_count:
        console.print(wrong)
    table = Table("", "right", "of", "", box=SIMPLE_HEAD, pad_edge=False)
    for shares in (report.by_file, report.by_category):
        for name, share in shares.items():
            table.add_row(name, str(share.passed), str(share.of), f"{share.passed / share.of:.0%}")
        table.add_section()
    table.add_row("whole entries", str(report.entries.passed), str(report.entries.of))
    console.print(table)
    console.print(f"{report.wrong_effects} times something was done that nobody asked for")
    console.print(f"an answer of a skill takes {three(report.skill_ms, 1)} ms (median … p95 … max)")
    show_machine(report, console)
