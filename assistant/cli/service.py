"""`assistant service`: run the daemon as a systemd service."""

import getpass
from collections.abc import Sequence
from typing import Annotated

import typer

from assistant.cli.models import pull_missing
from assistant.cli.options import Json, Offline
from assistant.cli.output import print_json
from assistant.models.directory import ModelDirectory
from assistant.service import install as installing
from assistant.service import network, program
from assistant.service import uninstall as uninstalling
from assistant.service.layout import Layout, of_the_system, of_the_user
from assistant.service.status import UnitStatus, read_status, status_lines
from assistant.service.step import carry_out
from assistant.service.systemd import Systemctl
from assistant.telemetry.printable import printable

app = typer.Typer(
    help="Run the daemon as a systemd service, system-wide or, with --user, in your session.", no_args_is_help=True
)

NOT_RUNNING = 3
"""Exit status of `status`, as of `systemctl status` and every command that needs a daemon."""

User = Annotated[bool, typer.Option("--user", help="Use a service of your session, for desktops; needs no privileges.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done without doing it.")]


@app.command()
def install(
    user: User = False,
    dry_run: DryRun = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="Only enable the service, do not start it now.")] = False,
    loopback: Annotated[
        bool | None,
        typer.Option(
            "--loopback/--no-loopback", help="Allow connections within this machine, for Wyoming and metrics."
        ),
    ] = None,
    lan: Annotated[
        bool | None, typer.Option("--lan/--no-lan", help="Allow the local network, for satellites in other rooms.")
    ] = None,
    gpu: Annotated[bool | None, typer.Option("--gpu/--no-gpu", help="Allow graphics cards.")] = None,
    offline: Offline = False,
) -> None:
    """Install and start the service. Run it again after an update or a change of models; it does only what is needed.

    The service has access to sound devices but to no network and no other device, unless an option allows it. What an
    earlier install allowed stays allowed until its --no- option revokes it.
    """
    layout = _layout(user)
    systemd = Systemctl(layout)
    asked = {"loopback": loopback, "lan": lan, "gpu": gpu}
    options = installing.InstallOptions(
        drop_ins={name: given for name in installing.FLAGGED if (given := asked[name]) is not None},
        start=not no_start,
        offline=offline,
    )

    def fetch(names: Sequence[str], store: ModelDirectory) -> None:
        pull_missing(names, offline=offline, store=store)

    own = program.own_program()
    plan = installing.plan_install(layout, own, options, systemd, fetch, typer.echo)
    for obstacle in installing.install_obstacles(layout, own, plan.config, systemd):
        if not dry_run:
            raise obstacle
        typer.echo(f"would fail: {obstacle.message}", err=True)
    for warning in network.network_warnings(plan.config, plan.opened):
        typer.echo(f"warning: {warning}", err=True)
    carry_out(plan.steps, typer.echo, dry_run=dry_run)
    if user and not installing.lingers(layout, getpass.getuser()):
        typer.echo(installing.LINGERING, err=True)
    if not dry_run and not no_start:
        _show(read_status(systemd), layout)


@app.command()
def uninstall(user: User = False, dry_run: DryRun = False) -> None:
    """Stop the service and remove what `install` wrote. Configuration, models and state stay."""
    layout = _layout(user)
    systemd = Systemctl(layout)
    steps = uninstalling.plan_uninstall(layout, systemd)
    for obstacle in uninstalling.uninstall_obstacles(layout):
        if not dry_run:
            raise obstacle
        typer.echo(f"would fail: {obstacle.message}", err=True)
    carry_out(steps, typer.echo, dry_run=dry_run)
    for line in uninstalling.leftovers(layout):
        typer.echo(line)


@app.command()
def status(user: User = False, json: Json = False) -> None:
    """Show the state of the service, and what to do if it failed. Exit status 3 if it is not running."""
    layout = _layout(user)
    found = read_status(Systemctl(layout))
    if json:
        print_json(found)
    else:
        _show(found, layout)
    if not found.is_up:
        raise typer.Exit(NOT_RUNNING)


def _layout(user: bool) -> Layout:
    return of_the_user() if user else of_the_system()


def _show(status: UnitStatus, layout: Layout) -> None:
    for name, value in status_lines(status, layout):
        typer.echo(printable(f"{name:<18}{value}"))
