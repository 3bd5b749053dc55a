"""`assistant models`: list, fetch, check and find models."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from assistant.cli.options import Json, Offline
from assistant.cli.output import print_json
from assistant.errors import AssistantError
from assistant.models import catalog, checks
from assistant.models import fetch as fetching
from assistant.models.catalog import Model
from assistant.models.directory import ModelDirectory, default_directory
from assistant.telemetry.printable import printable

app = typer.Typer(help="List, fetch and check models.", no_args_is_help=True)

MANY_LANGUAGES = 3
"""More languages than this are counted instead of listed, so that the table fits."""

PIPED_WIDTH = 120
LEGEND = """
* fetched by default; `assistant models pull NAME` fetches others
† never fetched by this project's tests; size and checksum are from public records"""


def _complete(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield completions for the shell: names of models with their descriptions."""
    for model in catalog.shipped().models:
        if model.name.startswith(incomplete):
            yield model.name, model.description


def _known(names: list[str] | None) -> list[str] | None:
    """Refuse names that are not in the catalogue as a usage error."""
    try:
        for name in names or []:
            catalog.shipped().model(name)
    except AssistantError as error:
        raise typer.BadParameter(error.message) from error
    return names


def _known_one(name: str | None) -> str | None:
    if name is not None:
        _known([name])
    return name


Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME…",
        autocompletion=_complete,
        callback=_known,
        show_default=False,
        help="Names in the catalogue.",
    ),
]


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models of the catalogue and show which are installed."""
    store = default_directory()
    if json:
        print_json([_described(model, store) for model in store.catalog.models], indent=2)
        return
    console = Console()
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    console.print(_table(store))
    console.print(LEGEND, highlight=False)


@app.command()
def pull(
    names: Names = None,
    every: Annotated[bool, typer.Option("--all", help="Fetch every model of the catalogue.")] = False,
    offline: Offline = False,
) -> None:
    """Fetch models; without a name, the default set. Models that are installed and intact are not fetched again."""
    store = default_directory()
    if every:
        chosen = store.catalog.models
    elif names:
        chosen = tuple(store.catalog.model(name) for name in dict.fromkeys(names))
    else:
        chosen = store.catalog.default_set
    if not _fetch_missing(chosen, store, offline=offline):
        typer.echo(f"{_count(chosen)} already in {store.root}", err=True)


@app.command()
def verify(names: Names = None, json: Json = False) -> None:
    """Compare the checksums of models with the catalogue; without a name, of all that are installed.

    Exit status 1 if a file differs.
    """
    store = default_directory()
    if names:
        chosen = [store.catalog.model(name) for name in names]
    else:
        chosen = [model for model in store.catalog.models if store.state(model) != "not fetched"]
    found = {model.name: _verified(model, store) for model in chosen}
    if json:
        report = [{"name": name, "ok": not problems, "problems": problems} for name, problems in found.items()]
        print_json(report, indent=2)
    else:
        for line in _verify_lines(found, store):
            typer.echo(printable(line))
    if any(found.values()):
        raise typer.Exit(1)


@app.command()
def path(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            autocompletion=_complete,
            callback=_known_one,
            show_default=False,
            help="A name in the catalogue.",
        ),
    ] = None,
) -> None:
    """Print the path of a model; without a name, the folder of all models."""
    store = default_directory()
    if name is None:
        typer.echo(store.root)
        return
    typer.echo(store.locate(name, store.catalog.model(name).task))


def pull_missing(names: Sequence[str], *, offline: bool, store: ModelDirectory | None = None) -> None:
    """Fetch the models in `names` that are missing, showing progress on standard error.

    They go into `store`, by default the calling user's. Paths and unknown names are ignored; the engines report them.
    With `offline` a missing model raises `AssistantError` (`model.not_fetched`), a damaged one `model.corrupt`.
    """
    store = store or default_directory()
    found = [store.catalog.find(name) for name in dict.fromkeys(names)]
    _fetch_missing([model for model in found if model is not None], store, offline=offline)


def _fetch_missing(models: Sequence[Model], store: ModelDirectory, *, offline: bool) -> bool:
    """Fetch the missing ones of `models` and return whether there were any."""
    missing = fetching.missing(models, store)
    if offline:
        for model in missing:
            store.check(model)
    if not missing:
        return False
    megabytes = _megabytes(sum(model.download_size for model in missing))
    typer.echo(f"{_count(missing)}, {megabytes} to fetch into {store.root}", err=True)
    with _progress() as progress:
        fetching.fetch(missing, store, progress)
    return True


@contextmanager
def _progress() -> Iterator[fetching.Progress]:
    """Show progress: bars on a terminal, otherwise a line per model."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def wait(self, model: Model) -> None:
        self._bars.console.print(f"{model.name}: waiting for another process that is fetching it", highlight=False)

    def begin(self, model: Model) -> None:
        self._tasks[model.name] = self._bars.add_task(model.name, total=model.download_size)

    def advance(self, model: Model, arrived: int) -> None:
        self._bars.update(self._tasks[model.name], completed=arrived)

    def end(self, model: Model) -> None:
        self._bars.update(self._tasks[model.name], completed=model.download_size)


class _Lines:
    def wait(self, model: Model) -> None:
        typer.echo(f"{model.name}: waiting for another process that is fetching it", err=True)

    def begin(self, model: Model) -> None:
        typer.echo(f"{model.name}: fetching {_megabytes(model.download_size)}", err=True)

    def advance(self, model: Model, arrived: int) -> None:
        """Print nothing: a log needs no bars."""

    def end(self, model: Model) -> None:
        typer.echo(f"{model.name}: fetched and checked", err=True)


def _table(store: ModelDirectory) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("name", no_wrap=True)
    table.add_column("task")
    table.add_column("languages")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("licence")
    table.add_column("state", no_wrap=True)
    for model in store.catalog.models:
        languages = model.languages
        table.add_row(
            f"{model.name} {_marks(model)}",
            model.task,
            ", ".join(languages) if len(languages) <= MANY_LANGUAGES else str(len(languages)),
            _megabytes(model.size),
            model.licence,
            store.state(model),
        )
    return table


def _marks(model: Model) -> str:
    return ("*" if model.default else "") + ("" if model.fetched_here else "†")


def _described(model: Model, store: ModelDirectory) -> dict[str, object]:
    described: dict[str, object] = msgspec.to_builtins(model)
    return described | {"state": store.state(model), "path": str(store.main(model))}


def _verified(model: Model, store: ModelDirectory) -> dict[str, str]:
    directory = store.directory(model)
    if not directory.is_dir():
        store.check(model)
    return checks.verify(model, directory)


def _verify_lines(found: dict[str, dict[str, str]], store: ModelDirectory) -> Iterator[str]:
    if not found:
        yield f"no models in {store.root}"
    for name, problems in found.items():
        if not problems:
            yield f"{name}: ok"
        for file, problem in problems.items():
            yield f"{name}: {store.root / name / file} {problem}; `assistant models pull {name}` fetches it again"


def _count(models: Sequence[Model]) -> str:
    return "1 model" if len(models) == 1 else f"{len(models)} models"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
