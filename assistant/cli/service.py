"""`assistant service`: the daemon as a service of systemd."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from assistant.cli.models import pull_missing
from assistant.cli.options import Json, Offline
from assistant.models.store import Store
from assistant.service import install as installing
from assistant.service import network, program
from assistant.service import uninstall as uninstalling
from assistant.service.layout import Layout, of_the_system, of_the_user
from assistant.service.status import Status, lines, read_status
from assistant.service.step import carry_out
from assistant.service.systemd import Systemd

app = typer.Typer(help="The daemon as a service: of the machine, or with --user of your own.", no_args_is_help=True)

NOT_RUNNING = 3
"""Exit status of `status`, as that of `systemctl status` and of every command that needs a daemon."""

User = Annotated[
    bool, typer.Option("--user", help="A service of your session instead, for desktops; needs no privileges.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


@app.command()
def install(
    user: User = False,
    dry_run: DryRun = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="Start it with the machine only, not now.")] = False,
    loopback: Annotated[
        bool | None,
        typer.Option("--loopback/--no-loopback", help="Connections within this machine, for Wyoming and metrics."),
    ] = None,
    lan: Annotated[
        bool | None, typer.Option("--lan/--no-lan", help="The local network, for satellites in other rooms.")
    ] = None,
    gpu: Annotated[bool | None, typer.Option("--gpu/--no-gpu", help="Graphics cards.")] = None,
    offline: Offline = False,
) -> None:
    """Install the service and start it. Again after an update or a change of models; what is as it should be stays.

    It gets sound and nothing else, no network and no other device, unless an option opens that. What an earlier
    install has opened stays open until its --no- option closes it.
    """
    layout = _layout(user)
    systemd = Systemd(layout)
    asked = {"loopback": loopback, "lan": lan, "gpu": gpu}
    wanted = installing.Wanted(
        drop_ins={name: given for name in installing.FLAGGED if (given := asked[name]) is not None},
        start=not no_start,
        offline=offline,
    )

    def fetch(names: Sequence[str], store: Store) -> None:
        pull_missing(names, offline=offline, store=store)

    own = program.own_program()
    plan = installing.plan(layout, own, wanted, systemd, fetch, typer.echo)
    for obstacle in installing.obstacles(layout, own, plan.config, systemd):
        if not dry_run:
            raise obstacle
        typer.echo(f"would be refused: {obstacle.message}", err=True)
    for warning in network.warnings(plan.config, plan.opened):
        typer.echo(f"warning: {warning}", err=True)
    carry_out(plan.steps, typer.echo, dry_run=dry_run)
    if user and not installing.lingers(layout, getpass.getuser()):
        typer.echo(installing.LINGERING, err=True)
    if not dry_run and not no_start:
        _show(read_status(systemd), layout)


@app.command()
def uninstall(user: User = False, dry_run: DryRun = False) -> None:
    """Stop the service and remove what `install` has written. Configuration, models and state stay."""
    layout = _layout(user)
    systemd = Systemd(layout)
    steps = uninstalling.plan(layout, systemd)
    for obstacle in uninstalling.obstacles(layout):
        if not dry_run:
            raise obstacle
        typer.echo(f"would be refused: {obstacle.message}", err=True)
    carry_out(steps, typer.echo, dry_run=dry_run)
    for line in uninstalling.left(layout):
        typer.echo(line)


@app.command()
def status(user: User = False, json: Json = False) -> None:
    """How the service is, and what to do when it is not well. Exit status 3 when it is not running."""
    layout = _layout(user)
    found = read_status(Systemd(layout))
    if json:
        typer.echo(msgspec.json.encode(found))
    else:
        _show(found, layout)
    if not found.is_up:
        raise typer.Exit(NOT_RUNNING)


def _layout(user: bool) -> Layout:
    return of_the_user() if user else of_the_system()


def _show(status: Status, layout: Layout) -> None:
    for name, value in lines(status, layout):
        typer.echo(f"{name:<18}{value}")
