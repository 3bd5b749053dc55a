"""`assistant doctor`: check everything the assistant needs, and say how to fix what is missing."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from assistant import __version__
from assistant.cli.options import ConfigFile, Json, Socket
from assistant.cli.output import print_json
from assistant.doctor.finding import Finding, FindingState
from assistant.telemetry.printable import printable

MARKS = {FindingState.OK: ("✓", "green"), FindingState.WARNING: ("!", "yellow"), FindingState.FAILED: ("✗", "red")}
NAME_WIDTH = 15
"""Characters of the longest name of a check (turns.end_model)."""


def doctor(
    config: ConfigFile = None,
    socket: Socket = None,
    no_sound: Annotated[bool, typer.Option("--no-sound", help="Do not play and record for two seconds.")] = False,
    json: Json = False,
) -> None:
    """Check everything the assistant needs and say how to fix what is missing. Exit status 1 if a check failed."""
    from assistant.doctor.examination import DoctorOptions, examine

    findings = examine(DoctorOptions(config, socket, sound=not no_sound))
    console = Console()
    if json:
        found = list(findings)
        print_json({"version": __version__, "findings": found})
    elif console.is_terminal:
        found = _show(findings, console)
    else:
        found = _print(findings)
    if any(finding.state is FindingState.FAILED for finding in found):
        raise typer.Exit(1)


def _show(findings: Iterable[Finding], console: Console) -> list[Finding]:
    """Print findings as they come, with a mark and a colour, and advice on a line of its own."""
    shown = []
    with console.status("checking, and playing a soft sound …"):
        for finding in findings:
            shown.append(finding)
            console.print(_row(finding))
    console.print(_summary(shown), style="bold", highlight=False)
    return shown


def _print(findings: Iterable[Finding]) -> list[Finding]:
    """Print one line per finding, for programs that read lines."""
    printed = []
    for finding in findings:
        printed.append(finding)
        advice = f"; {finding.advice}" if finding.advice else ""
        typer.echo(printable(f"{finding.state:8} {finding.check:{NAME_WIDTH}} {finding.found}{advice}"))
    typer.echo(_summary(printed))
    return printed


def _row(finding: Finding) -> Table:
    mark, colour = MARKS[finding.state]
    text = Text(printable(finding.found))
    if finding.advice:
        text.append(f"\n→ {printable(finding.advice)}", style=colour)
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(width=NAME_WIDTH)
    row.add_column()
    row.add_row(Text(mark, style=colour), Text(finding.check, style="bold"), text)
    return row


def _summary(findings: list[Finding]) -> str:
    failures = sum(finding.state is FindingState.FAILED for finding in findings)
    warnings = sum(finding.state is FindingState.WARNING for finding in findings)
    if not failures and not warnings:
        return f"{len(findings)} checks: all passed."
    return f"{len(findings)} checks: {failures} failed, {warnings} {'warning' if warnings == 1 else 'warnings'}."
