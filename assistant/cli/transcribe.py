"""`assistant transcribe`: turn recordings into text."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from assistant.cli.models import pull_missing
from assistant.cli.options import ConfigFile, Json, Offline
from assistant.cli.output import print_json
from assistant.config import file as config_file
from assistant.errors import AssistantError
from assistant.telemetry.printable import printable

if TYPE_CHECKING:
    from assistant.asr.files import FileTranscript


def transcribe(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="WAV or any other format that PyAV reads.")],
    language: Annotated[
        str | None,
        typer.Option(
            "--language", metavar="auto|xx", help="Spoken language. Default: asr.language of the configuration."
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Show the transcript as it grows; tentative text is dim.")
    ] = False,
    json: Json = False,
    config: ConfigFile = None,
    offline: Offline = False,
) -> None:
    """Print what is said in recordings.

    With --json it prints one object per file and line; for a file that cannot be transcribed the object has an `error`.
    The other files are still transcribed, and the exit status is 1. What cannot be read of a file, text that may be
    wrong, and files without words are told on standard error, and with --json as `warnings`, `doubtful` and `speech_s`.
    """
    settings = config_file.load(config)
    if language is not None:
        settings = config_file.override(settings, "asr", "language", language)
    pull_missing([settings.asr.model], offline=offline)

    from assistant.app.loading import load_file_transcriber

    transcriber = load_file_transcriber(settings)
    failed = False
    for file in files:
        try:
            with _growing() as show:
                found = transcriber.transcribe(file, show if stream else None)
        except AssistantError as error:
            failed = True
            _print_error(file, error, json)
        else:
            _print(found, json=json, named=len(files) > 1)
    if failed:
        raise typer.Exit(1)


@contextmanager
def _growing() -> Iterator[Callable[[str, str], None]]:
    """Show the text as it grows, on standard error, so that standard output has the result alone."""
    console = Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield lambda stable, tentative: live.update(
            Text.assemble(printable(stable), " " if stable else "", (printable(tentative), "dim")), refresh=True
        )


def _print(found: "FileTranscript", *, json: bool, named: bool) -> None:
    for remark in _remarks(found):
        print(printable(f"warning: {remark}"), file=sys.stderr)
    if json:
        print_json(found)
    else:
        print(printable(f"{found.file}: {found.text}" if named else found.text), flush=True)


def _remarks(found: "FileTranscript") -> list[str]:
    """Return what a person should know about the text, a sentence each."""
    remarks = list(found.warnings)
    if found.doubtful:
        remarks.append(f"{found.file}: some of the text may be wrong: it repeats itself, or was hard to make out")
    if not found.text:
        why = "no words were understood in what is said" if found.speech_s else "nobody speaks in it"
        remarks.append(f"{found.file}: {why}")
    return remarks


def _print_error(file: Path, error: AssistantError, json: bool) -> None:
    if json:
        failure = {"file": str(file), "error": {"code": error.code, "message": error.message}}
        print_json(failure)
    print(printable(f"error: {error.code}: {error.message}"), file=sys.stderr)
