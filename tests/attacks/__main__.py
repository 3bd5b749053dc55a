"""`python -m tests.attacks`: every attack, and a table of what became of it.

Exit status 1 when the assistant ended, stood still or did anything else than it should at one of them.
"""

import subprocess
import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from assistant.host.hardware import describe_machine
from tests.attacks.arena import Arena
from tests.attacks.attack import Attack, Row, carry_out
from tests.attacks.every import EVERY

WIDTH = 150
HEAD = ("attack", "what happened", "longest stall", "memory", "late blocks", "question answered after")


def main(
    only: Annotated[list[str] | None, typer.Option("--only", help="Attacks with this in their name.")] = None,
    asking: Annotated[
        bool, typer.Option("--asking/--silent", help="Ask a spoken question during each, or none.")
    ] = True,
    quick: Annotated[bool, typer.Option("--quick", help="Only those that take no more than a few seconds.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON on standard output.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for a document.")] = False,
) -> None:
    """Attack an assistant that runs in a virtual room, in every way; takes ten minutes, with --silent three."""
    named = [attack for attack in EVERY if not only or any(part in attack.name for part in only)]
    chosen = [attack for attack in named if not (quick and attack.slow)]
    rows, failed = _carry_out(chosen, asking=asking)
    if json:
        sys.stdout.buffer.write(msgspec.json.encode({"machine": describe_machine(), "attacks": rows}) + b"\n")
    elif markdown:
        _print_markdown(rows)
    else:
        _print(rows)
    if failed:
        raise typer.Exit(1)


def _carry_out(attacks: list[Attack], *, asking: bool) -> tuple[list[Row], int]:
    """Return the rows, and how many attacks did what they should not; those are told on standard error."""
    console, rows, failed = Console(stderr=True), list[Row](), 0
    with Arena.opened() as arena:
        for number, attack in enumerate(attacks, 1):
            console.print(f"{number} of {len(attacks)}: {attack.name}", highlight=False)
            try:
                rows.append(carry_out(attack, arena, asking=asking))
            except (AssertionError, OSError, EOFError, subprocess.TimeoutExpired) as error:
                failed += 1
                console.print(f"  {type(error).__name__}: {error}", markup=False, highlight=False)
                arena.kill()
                arena.configure()
                arena.start()
    return rows, failed


def _cells(row: Row) -> tuple[str, ...]:
    answered = f"{row.answered_after_ms:.0f} ms" if row.answered_after_ms is not None else "–"
    stall, memory = f"{row.stall_ms:.0f} ms", f"{row.memory_mb:.0f} MB"
    return row.attack, row.happened, stall, memory, str(row.late_blocks), answered


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
