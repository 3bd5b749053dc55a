"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file. Without it: $ASSISTANT_CONFIG, else ~/.config/assistant/config.yaml if it exists.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network; fail if a model is not there.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output and nothing else there.")]
Socket = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        metavar="PATH",
        help="The daemon's socket. Without it: $ASSISTANT_SOCKET, else that of your own daemon, else the system's.",
    ),
]
