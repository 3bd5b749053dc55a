"""Options shared by several commands."""

from pathlib import Path
from typing import Annotated

import typer

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file. Default: $ASSISTANT_CONFIG, else ~/.config/assistant/config.yaml if it exists.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network; fail if a model is missing.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else on standard output.")]
Socket = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        metavar="PATH",
        help="The daemon's socket. Default: $ASSISTANT_SOCKET, else your own daemon's, else the system service's.",
    ),
]
Room = Annotated[
    str,
    typer.Option(
        "--room",
        metavar="NAME",
        help="Which room, as `assistant status` lists them. Default: the one of this machine, or the only one.",
    ),
]
