"""`assistant config`: show the configuration, check a file."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant import config_file
from assistant.cli.options import ConfigFile

app = typer.Typer(help="Show the configuration or check a file.", no_args_is_help=True)


@app.command()
def show(
    default: Annotated[
        bool, typer.Option("--default", help="The commented default instead of what is in use.")
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
    """Check a configuration file; exit status 2 and one line that says what is wrong if it cannot be used."""
    config_file.load(file)
    typer.echo(f"{file}: ok")
