"""What the suites' commands share: options, the recordings of a checkout, progress, output and parts of tables."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

import typer
from rich.console import Console

from assistant.cli.output import print_json
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from assistant.bench.spread import Spread

R = TypeVar("R")

RECORDINGS = Path(__file__).parents[3] / "tests" / "speech"
"""The recordings of a checkout. An installed package has none, and `assistant.bench.clips.choose` says what to do."""

Clips = Annotated[
    list[Path] | None,
    typer.Option(
        "--clips",
        metavar="DIR|FILE",
        help="Recordings: a folder, with records in clips.yaml or without, or a file; may be repeated. "
        "Default: those in tests/speech of a checkout.",
    ),
]


class MeasuredOn(Protocol):
    """A report of any suite."""

    @property
    def machine(self) -> dict[str, str | int | float]: ...
    @property
    def models(self) -> dict[str, str]: ...
    @property
    def devices(self) -> dict[str, str]: ...


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error what is being measured; yields a function that replaces the text."""
    with Console(stderr=True).status(f"{first} …") as status:
        yield lambda text: status.update(f"{text} …")


def print_report(report: R, show: Callable[[R, Console], None], *, json: bool) -> None:
    """Print `report` on standard output: as JSON, or with `show`."""
    if json:
        print_json(report)
    else:
        show(report, Console())


def check_writable(path: Path) -> None:
    """Check before minutes of measuring that `path` can be written. Raises `AssistantError` (`output.unwritable`)."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise AssistantError(Code.OUTPUT_UNWRITABLE, f"{path}: {error.strerror}; choose another file") from error


def show_machine(report: MeasuredOn, console: Console) -> None:
    """Print the models, where they ran, and the machine."""
    machine = ", ".join(f"{key} {value}" for key, value in report.machine.items())
    engines = " · ".join(f"{name} on {report.devices[stage]}" for stage, name in report.models.items())
    console.print(f"{engines}\n{machine}", style="dim")


def number(value: float | None, digits: int = 0) -> str:
    """Format `value`; a dash for None."""
    return "–" if value is None else f"{value:.{digits}f}"


def three(spread: "Spread", digits: int) -> str:
    """Format median, 95th percentile and maximum in one cell."""
    return " … ".join(number(value, digits) for value in (spread.median, spread.p95, spread.max))


def minutes(seconds: float) -> str:
    """Format `seconds` in minutes."""
    return f"{seconds / 60:.1f} min"
