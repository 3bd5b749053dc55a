"""Assemble the command line from its commands."""

from typing import Annotated

import typer

from assistant import __version__
from assistant.cli import config, demo, devices, doctor, ipc, models, run, service, talk, transcribe, watch
from assistant.cli.bench import group as bench

app = typer.Typer(
    name="assistant",
    help="A voice assistant that runs on this machine: ask aloud, hear the answer, and nothing leaves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(transcribe.transcribe)
app.command()(devices.devices)
app.command()(doctor.doctor)
for command in (
    talk.status,
    talk.ask,
    talk.say,
    talk.listen,
    talk.stop,
    talk.mute,
    talk.unmute,
    talk.volume,
    talk.history,
    talk.timers,
    talk.lists,
    talk.reload,
    talk.metrics,
    talk.shutdown,
    watch.watch,
):
    app.command(rich_help_panel="The running daemon")(command)
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")
app.add_typer(config.app, name="config")
app.add_typer(ipc.app, name="ipc")
app.add_typer(service.app, name="service")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"assistant {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """A voice assistant that runs on this machine: ask aloud, hear the answer, and nothing leaves it."""
