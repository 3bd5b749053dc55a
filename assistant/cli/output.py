"""How commands print JSON: nothing in it can control the terminal, and it is flushed, for who reads it as it comes."""

import msgspec
import typer

from assistant.telemetry.printable import printable


def print_json(value: object, *, indent: int = 0) -> None:
    """Print `value`, of any types that msgspec knows, on standard output; with `indent` on several lines."""
    encoded = msgspec.json.encode(value)
    text = msgspec.json.format(encoded, indent=indent) if indent else encoded
    typer.echo(printable(text.decode(), keep="\n"))
