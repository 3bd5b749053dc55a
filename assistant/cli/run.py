"""`assistant run`: run the daemon in the foreground."""

from functools import partial
from typing import Annotated, Literal

import anyio
import msgspec
import typer

from assistant.cli.options import ConfigFile
from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.events import Error
from assistant.telemetry import log


def run(
    config: ConfigFile = None,
    wake: Annotated[
        str | None,
        typer.Option(
            "--wake",
            metavar="WORD|none",
            help="Use this wake word instead of the configured ones; none: answer everything that is said.",
        ),
    ] = None,
    log_format: Annotated[
        Literal["auto", "text", "json", "journal"] | None,
        typer.Option("--log-format", help="Override log.format of the configuration."),
    ] = None,
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"] | None,
        typer.Option("--log-level", help="Override log.level of the configuration. Transcripts appear at debug only."),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(
            "--wait",
            metavar="SECONDS",
            min=0,
            max=3600,
            help="Wait this long for a microphone and a loudspeaker to appear, as at boot.",
        ),
    ] = 0.0,
    confine: Annotated[
        bool,
        typer.Option(
            "--confine",
            help="Give up the files of your home folder, but for the models, the configuration and what it remembers "
            "(Linux 5.13 and later). Paths that a reload brings up stay out of reach.",
        ),
    ] = False,
) -> None:
    """Listen and answer until SIGTERM or SIGINT (Ctrl-C)."""
    changes = {key: value for key, value in (("format", log_format), ("level", log_level)) if value}

    def settings() -> Config:
        found = config_file.load(config)
        if wake is not None:
            found = config_file.with_wake_word(found, wake)
        return msgspec.structs.replace(found, log=msgspec.structs.replace(found.log, **changes))

    first = settings()
    log.configure(first.log)

    try:
        if confine:
            from assistant.app import confinement

            confinement.confine(first, config)
        from assistant.app import daemon

        anyio.run(partial(daemon.run, first, log.log_event, settings, wait_s=wait))
    except AssistantError as error:
        log.log_event(Error(code=error.code, message=error.message))
        raise typer.Exit(error.exit_status) from error
