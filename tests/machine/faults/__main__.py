"""`sudo .venv/bin/python -m tests.machine.faults`: every fault, and a table of what became of it.

Exit status 1 when the assistant did anything else than it should at one of them.
"""

import sys
from functools import partial
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assistant.host.hardware import describe_machine
from tests.machine import image
from tests.machine.faults.every import FAULTS
from tests.machine.faults.fault import Fault, Row, carry_out
from tests.machine.workshop import Workshop

WIDTH = 150
HEAD = ("fault", "what happened", "recovered after", "lost", "asked again: answered after")


def main(
    only: Annotated[list[str] | None, typer.Option("--only", help="Faults with this in their name.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for a document.")] = False,
) -> None:
    """Make every fault happen to the assistant on a machine of its own; needs root, and takes a quarter of an hour."""
    chosen = [fault for fault in FAULTS if not only or any(part in fault.name for part in only)]
    rows, failed = _carry_out(chosen)
    if json:
        sys.stdout.buffer.write(msgspec.json.encode({"machine": describe_machine(), "faults": rows}) + b"\n")
    elif markdown:
        _print_markdown(rows)
    else:
        _print(rows)
    if failed:
        raise typer.Exit(1)


def _carry_out(faults: list[Fault]) -> tuple[list[Row], int]:
    """The rows, and at how many the assistant did something else than it should; those are told on standard error."""
    console, rows, failed = Console(stderr=True), list[Row](), 0
    with Workshop(image.make()) as workshop:
        for number, fault in enumerate(faults, 1):
            console.print(f"{number} of {len(faults)}: {fault.name}", highlight=False)
            try:
                rows.append(workshop.have(partial(carry_out, fault)))
            except (AssertionError, TimeoutError) as error:
                failed += 1
                console.print(f"  {error}", markup=False, highlight=False)
    return rows, failed


def _cells(row: Row) -> tuple[str, ...]:
    recovered = f"{row.recovered_s:.1f} s" if row.recovered_s is not None else "–"
    return row.fault, row.happened, recovered, row.lost, f"{1000 * row.answered_after_s:.0f} ms"


def _print(rows: list[Row]) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    table = Table(*HEAD)
    for row in rows:
        table.add_row(*map(escape, _cells(row)))
    console.print(table)


def _print_markdown(rows: list[Row]) -> None:
    for line in (HEAD, ("---",) * len(HEAD), *map(_cells, rows)):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    typer.run(main)
