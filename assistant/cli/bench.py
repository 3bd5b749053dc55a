"""`assistant bench`: recordings through the pipeline in real time, measured."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer
from rich.console import Console

from assistant.cli import bench_tables
from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code

if TYPE_CHECKING:
    from assistant.bench.conversation import run as conversation
    from assistant.bench.load import run as load
    from assistant.bench.soak import report as soak_report
    from assistant.bench.speed.report import Report

R = TypeVar("R")

OWN_SPEECH_MINUTES = 10.0

SOAK_MINUTES = 60.0

CLIENTS = 200

RECORDINGS = Path(__file__).parents[2] / "tests" / "speech"
"""The recordings of a checkout; an installed package has none."""


class Suite(StrEnum):
    """What can be measured."""

    SPEED = "speed"
    CONVERSATION = "conversation"
    LOAD = "load"
    SOAK = "soak"


class Pipeline(StrEnum):
    """What the assistant can be compared with."""

    SEQUENTIAL = "sequential"


def bench(
    suite: Annotated[
        Suite,
        typer.Option(
            "--suite",
            help="speed: how soon, how well and at what cost questions are answered. conversation: wake words, pauses, "
            "ends of speech, interruptions, and the assistant hearing itself, in a simulated room with an echo. load: "
            "what many clients of the socket cost. soak: a daemon in a private PulseAudio is talked to: whether it "
            "grows or is late, and what it costs while nobody speaks.",
        ),
    ] = Suite.SPEED,
    clips: Annotated[
        list[Path] | None,
        typer.Option(
            "--clips",
            metavar="DIR|FILE",
            help="Recordings: a folder (with records in clips.yaml, or without) or a file; may be given several times. "
            "Without it: those of a checkout's tests/speech, of which speed takes the English questions and commands.",
        ),
    ] = None,
    baseline: Annotated[
        Pipeline | None,
        typer.Option(
            "--baseline",
            help="speed: let another pipeline answer every clip too, in turns, with the same models: sequential waits "
            "for 0.7 s of silence, recognises Whisper's whole window, writes the whole reply and then speaks.",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE.svg",
            help="speed: draw the waterfall of the median turn of each pipeline. soak: draw memory and voice-to-voice "
            "over time.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            min=0.1,
            max=600,
            help="conversation: how long the assistant listens to its own speech; half of it with an echo 20 dB below "
            f"the speech, half 10 dB. [default: {OWN_SPEECH_MINUTES:g}] soak: how long the daemon runs, a tenth of it "
            f"(at least a minute) idle before and after. [default: {SOAK_MINUTES:g}]",
        ),
    ] = None,
    clients: Annotated[
        int | None,
        typer.Option(
            "--clients",
            min=1,
            max=2000,
            help="load: clients; of ten, eight subscribe to all events, one asks for the status, one misbehaves. "
            f"[default: {CLIENTS}]",
        ),
    ] = None,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Measure speed, turn taking, what clients cost, or whether it lasts, on recordings."""
    settings = config_file.load(config)
    if suite is Suite.CONVERSATION:
        _refuse(suite, {"--baseline": baseline, "--plot": plot, "--clients": clients})
        report = _conversation(settings, clips or [], minutes or OWN_SPEECH_MINUTES, offline=offline)
        _print(report, bench_tables.show_conversation, json=json)
    elif suite is Suite.LOAD:
        _refuse(suite, {"--baseline": baseline, "--plot": plot, "--minutes": minutes})
        load = _load(settings, clips or [], clients or CLIENTS, offline=offline)
        _print(load, bench_tables.show_load, json=json)
    elif suite is Suite.SOAK:
        _refuse(suite, {"--baseline": baseline, "--clients": clients})
        soak = _soak(settings, clips or [], minutes or SOAK_MINUTES, plot, offline=offline)
        _print(soak, bench_tables.show_soak, json=json)
    else:
        _refuse(suite, {"--minutes": minutes, "--clients": clients})
        speed = _speed(settings, clips or [], baseline is not None, plot, offline=offline)
        _print(speed, bench_tables.show, json=json)


def _speed(settings: Config, paths: list[Path], baseline: bool, plot: Path | None, *, offline: bool) -> "Report":
    if plot is not None:
        _check_writable(plot)
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose, is_english_request
    from assistant.bench.speed.plot import waterfalls
    from assistant.bench.speed.run import run

    chosen = choose(paths, RECORDINGS, is_english_request)
    total = len(chosen) * (2 if baseline else 1)
    with _progress(f"loading the models for {total} questions") as tell:
        done = count(1)
        report = run(
            settings,
            chosen,
            lambda pipeline, row: tell(f"{next(done)} of {total}: {row.clip} by {pipeline}"),
            baseline=baseline,
        )
    if plot is not None:
        plot.write_text(waterfalls(report), encoding="utf-8")
    return report


def _conversation(settings: Config, paths: list[Path], minutes: float, *, offline: bool) -> "conversation.Report":
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose
    from assistant.bench.conversation.run import run

    with _progress("reading the recordings") as tell:
        return run(settings, choose(paths, RECORDINGS), minutes, tell)


def _load(settings: Config, paths: list[Path], clients: int, *, offline: bool) -> "load.Report":
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose, is_english_request
    from assistant.bench.load.run import run

    with _progress("loading the models") as tell:
        return run(settings, choose(paths, RECORDINGS, is_english_request), clients, tell)


def _soak(
    settings: Config, paths: list[Path], minutes: float, plot: Path | None, *, offline: bool
) -> "soak_report.Report":
    if plot is not None:
        _check_writable(plot)
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.bench.clips import choose
    from assistant.bench.soak.plot import course
    from assistant.bench.soak.run import run

    with _progress("reading the recordings") as tell:
        report = run(settings, choose(paths, RECORDINGS), minutes, tell)
    if plot is not None:
        plot.write_text(course(report), encoding="utf-8")
    return report


@contextmanager
def _progress(first: str) -> Iterator[Callable[[str], None]]:
    """A line on standard error that says what is being measured."""
    with Console(stderr=True).status(f"{first} …") as status:
        yield lambda text: status.update(f"{text} …")


def _print(report: R, show: Callable[[R, Console], None], *, json: bool) -> None:
    if json:
        sys.stdout.write(msgspec.json.encode(report).decode() + "\n")
    else:
        show(report, Console())


def _refuse(suite: Suite, options: dict[str, object]) -> None:
    """Options that mean nothing here are a mistake, not to be passed over in silence."""
    for name, value in options.items():
        if value is not None:
            raise typer.BadParameter(f"{name} is not for --suite {suite.value}", param_hint=name)


def _check_writable(path: Path) -> None:
    """Before the minutes that a run takes. Raises `AssistantError` (`output.unwritable`)."""
    try:
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise AssistantError(Code.OUTPUT_UNWRITABLE, f"{path}: {error.strerror}; choose another file") from error
