"""`assistant demo`: answer one recorded question, without a microphone."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import anyio
import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.cli.output import print_json
from assistant.cli.waterfall import waterfall
from assistant.config import file as config_file
from assistant.errors import AssistantError, Code
from assistant.events import Event, Listening, PartialTranscript, SpeechEnded
from assistant.telemetry.printable import printable

if TYPE_CHECKING:
    from assistant.demo.question import DemoReport


def demo(
    input: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="A recorded question. Default: the one in the package."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="WAV file for the answer.")] = Path(
        "reply.wav"
    ),
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Answer one recorded question in real time and show where the time went.

    Fetches the models on first use. The answer is written to a file and, without --json, played on the loudspeaker if
    there is one.
    """
    settings = config_file.load(config)
    pull_missing(list(settings.models.values()), offline=offline)

    from assistant.audio.wav import write_wav
    from assistant.demo.question import answer_question, play_aloud

    progress = Console(stderr=True, quiet=json)
    with progress.status("Loading the models …") as status:
        answer, report = answer_question(settings, input, lambda event: _follow(event, status))
    if len(answer.audio):
        write_wav(output, answer.audio, answer.rate)
        report = msgspec.structs.replace(report, output=str(output))
    if json:
        print_json(report)
    else:
        _show(report)
        _play(partial(play_aloud, settings, answer))
    if report.error is not None:
        raise AssistantError(Code(report.error), "the turn ended early")


def _follow(event: Event, status: Status) -> None:
    match event:
        case Listening():
            status.update("Listening …")
        case PartialTranscript(stable=stable, tentative=tentative):
            status.update(f"{escape(stable)} [dim]{escape(tentative)}[/dim]")
        case SpeechEnded():
            status.update("Answering …")


def _show(report: "DemoReport") -> None:
    console = Console()
    console.print(f"[bold]Question[/bold]  {escape(printable(report.transcript)) or '(nothing was understood)'}")
    console.print(f"[bold]Answer[/bold]    {escape(printable(report.heard))}")
    if report.voice_to_voice_ms is not None:
        console.print(f"[bold]Voice-to-voice[/bold]  {report.voice_to_voice_ms:.0f} ms after the end of speech")
        console.print(waterfall(report.marks_ms))
    console.print(
        " · ".join(f"{name} on {report.devices[stage]}" for stage, name in report.models.items()), style="dim"
    )
    if report.output is not None:
        console.print(f"The answer is in {report.output}.")


def _play(play: Callable[[], Awaitable[str]]) -> None:
    console = Console()
    try:
        console.print(f"Played on {anyio.run(play)}.")
    except AssistantError as error:
        console.print(f"Not played aloud: {error.message}", style="dim")
