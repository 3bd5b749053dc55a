"""`assistant ipc`: what programs need to know about the socket."""

from typing import Annotated

import typer

from assistant.cli.options import Socket
from assistant.cli.output import print_json

app = typer.Typer(no_args_is_help=True, help="What programs need to know about the daemon's socket.")


@app.command("schema")
def schema(
    markdown: Annotated[bool, typer.Option("--markdown", help="A table for people instead.")] = False,
) -> None:
    """Print the JSON Schema of every method, result, notification and event."""
    from assistant.interfaces.ipc.schema import schema as json_schema
    from assistant.interfaces.ipc.schema import table

    if markdown:
        typer.echo(table())
    else:
        print_json(json_schema(), indent=2)


@app.command("path")
def path(socket: Socket = None) -> None:
    """Print the path of the socket that the other commands connect to."""
    from assistant.interfaces.net import unix_socket

    typer.echo(socket or unix_socket.find())
