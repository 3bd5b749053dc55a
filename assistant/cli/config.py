"""`assistant config`: show or check the configuration."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.options import ConfigFile
from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.models.directory import locate_configured
from assistant.telemetry.printable import printable

app = typer.Typer(help="Show the configuration or check a file.", no_args_is_help=True)


@app.command()
def show(
    default: Annotated[
        bool, typer.Option("--default", help="Print the commented default instead of the configuration in use.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Print the configuration as YAML."""
    if default:
        sys.stdout.write(config_file.render_default())
        return
    sys.stdout.write(config_file.render(config_file.load(config)))


@app.command()
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to check.")]) -> None:
    """Check a configuration file. If it cannot be used, print one line that says why and exit with status 2."""
    settings = config_file.load(file)
    for key in settings.models:
        _check_model(settings, key, file)
    typer.echo(f"{file}: ok")


def _check_model(settings: Config, key: str, file: Path) -> None:
    try:
        locate_configured(settings, key)
    except AssistantError as error:
        if error.code is not Code.MODEL_NOT_FETCHED:
            raise AssistantError(error.code, f"{file}: {error.message}") from error
        typer.echo(printable(f"note: {error.message}"), err=True)
