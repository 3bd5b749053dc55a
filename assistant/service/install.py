"""Plan the installation of the service: the steps in order, and the conditions checked before the first one."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.host.ownership import trusted_users
from assistant.models import catalog
from assistant.models.directory import ModelDirectory
from assistant.service import program as programs
from assistant.service.account import account_steps, has_name
from assistant.service.files import DropIn, rendered
from assistant.service.layout import SOCKET_UNIT, UNIT, Layout
from assistant.service.status import read_status
from assistant.service.step import PrintLine, RemoveFile, SetupStep, WriteFile, WriteOnce, refuse_foreign
from assistant.service.systemd import Systemctl
from assistant.service.weights import Fetcher, FetchModels

BACKOFF_SINCE = 254
"""First version of systemd that supports RestartSteps= (systemd.service(5)); older ones log a warning at each start."""

FLAGGED: tuple[DropIn, ...] = ("loopback", "lan", "gpu")
"""Drop-ins chosen by command-line options."""

DROP_INS: tuple[DropIn, ...] = (*FLAGGED, "backoff", "pulseaudio")
"""All drop-ins. `backoff` is added if systemd supports it, `pulseaudio` if that group exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallOptions:
    """Options of `assistant service install`. A drop-in without an entry in `drop_ins` stays as it is."""

    drop_ins: dict[DropIn, bool]
    start: bool = True
    offline: bool = False
    """Fail before the first step if a model is missing, instead of downloading it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """The steps of an installation, with the configuration and drop-ins they were derived from."""

    steps: tuple[SetupStep, ...]
    config: Config
    opened: tuple[DropIn, ...]
    """Drop-ins present after the installation."""


def plan_install(
    layout: Layout, program: Path, options: InstallOptions, systemd: Systemctl, fetch: Fetcher, print_line: PrintLine
) -> InstallPlan:
    """Plan the installation without changing anything.

    Raises `AssistantError`: `config.invalid`, `model.unknown` or `model.missing` if the service could not start with
    this configuration, `model.not_fetched` or `model.corrupt` if a model would have to be fetched but `offline` is set,
    `service.foreign` if a file of another origin would be overwritten.
    """
    config = config_file.load(layout.config) if layout.config.exists() else Config()
    models = FetchModels(ModelDirectory(layout.models, catalog.shipped()), config, fetch)
    models.refuse_unusable()
    if options.offline:
        models.refuse_missing()
    opened = tuple(_opened(layout, options, systemd))
    user = account_steps(program, systemd) if layout.whose == "system" else []
    files = _files(layout, program, opened)
    refuse_foreign([*user, *files])
    reload = ReloadUnits(systemd, tuple(files))
    steps: list[SetupStep] = [
        *user,
        WriteOnce(layout.config, config_file.render_default()),
        models,
        *files,
        reload,
        EnableUnits(systemd),
    ]
    if options.start:
        steps.append(StartService(systemd, (reload, models), print_line))
    return InstallPlan(steps=tuple(steps), config=config, opened=opened)


def install_obstacles(layout: Layout, program: Path, config: Config, systemd: Systemctl) -> Iterator[AssistantError]:
    """Yield what prevents installation.

    Missing privileges, files hidden from the service, a program that other users can write, no service manager.
    """
    if layout.whose == "system":
        if os.geteuid() != 0:
            yield AssistantError(
                Code.SERVICE_NOT_ROOT,
                f"a system service is installed by root: sudo {program} service install; to install one for your own "
                f"session: {program} service install --user",
            )
        own_models = [Path(name).expanduser().absolute() for name in config.models.values() if os.sep in name]
        try:
            programs.refuse_hidden(programs.program_files(program), programs.how_to_move())
            programs.refuse_hidden(own_models, f"move it to {layout.models} and update its path in {layout.config}")
        except AssistantError as error:
            yield error
    trusted = frozenset((0,)) if layout.whose == "system" else trusted_users()
    try:
        programs.refuse_writable(program, trusted, programs.how_to_move())
    except AssistantError as error:
        yield error
    if not systemd.is_running():
        yield AssistantError(Code.SERVICE_NO_SYSTEMD, _no_manager(layout))


def _no_manager(layout: Layout) -> str:
    if layout.whose == "system":
        return "this machine was not booted with systemd; `assistant run` works without it"
    return (
        "your service manager is not running: log in on the console or over ssh, or keep it running with "
        "`sudo loginctl enable-linger $USER`"
    )


LINGERING = (
    "note: user services start when you log in and stop when you log out. On a machine without a login session, run "
    "`sudo loginctl enable-linger $USER` to start them, and the sound server (PipeWire), at boot"
)


def lingers(layout: Layout, user: str) -> bool:
    """Return whether services of `user` run while they are logged out (logind keeps a file per lingering user)."""
    return (layout.root / "var/lib/systemd/linger" / user).exists()


def drop_in_folder(layout: Layout) -> str:
    """Return the folder below systemd/ that holds the drop-ins for `layout`."""
    return "user/drop-ins" if layout.whose == "user" else "drop-ins"


def _opened(layout: Layout, options: InstallOptions, systemd: Systemctl) -> Iterator[DropIn]:
    for name in FLAGGED:
        if layout.whose == "user" and name == "gpu":
            continue  # a user's service manager does not restrict devices
        if options.drop_ins.get(name, (layout.drop_ins / f"{name}.conf").exists()):
            yield name
    if systemd.version() >= BACKOFF_SINCE:
        yield "backoff"
    if layout.whose == "system" and has_name(layout.root / "etc/group", "pulse-access"):
        yield "pulseaudio"


def _files(layout: Layout, program: Path, opened: Sequence[DropIn]) -> list[SetupStep]:
    """Return the steps that write or remove units and drop-ins."""
    above = "user/" if layout.whose == "user" else ""
    units: list[SetupStep] = [
        WriteFile(layout.units / name, rendered(above + name, program)) for name in (SOCKET_UNIT, UNIT)
    ]
    folder = drop_in_folder(layout)
    for name in DROP_INS:
        path = layout.drop_ins / f"{name}.conf"
        if name in opened:
            units.append(WriteFile(path, rendered(f"{folder}/{name}.conf", program)))
        elif path.exists():
            units.append(RemoveFile(path))
    return units


@dataclass(frozen=True, slots=True)
class ReloadUnits:
    """Make the service manager read the installed units."""

    systemd: Systemctl
    files: tuple[SetupStep, ...]
    subject = "units"
    participle = "loaded by systemd"

    def is_done(self) -> bool:
        return all(file.is_done() for file in self.files) and self._knows(UNIT) and self._knows(SOCKET_UNIT)

    def do(self) -> None:
        self.systemd.do("daemon-reload")

    def _knows(self, unit: str) -> bool:
        return self.systemd.query("show", "--property=NeedDaemonReload", "--value", unit) == "no"


@dataclass(frozen=True, slots=True)
class EnableUnits:
    """Start the service at boot, or at login for a user service."""

    systemd: Systemctl
    participle = "enabled"

    @property
    def subject(self) -> str:
        return f"{UNIT} at {'login' if self.systemd.layout.whose == 'user' else 'boot'}"

    def is_done(self) -> bool:
        return self.systemd.is_enabled(UNIT) and self.systemd.is_enabled(SOCKET_UNIT)

    def do(self) -> None:
        self.systemd.enable()


@dataclass(frozen=True, slots=True)
class StartService:
    """Start the service, or restart it if a file or model changed."""

    systemd: Systemctl
    after: tuple[SetupStep, ...]
    print_line: PrintLine
    subject = UNIT
    participle = "started"

    def is_done(self) -> bool:
        return all(step.is_done() for step in self.after) and read_status(self.systemd).active == "active"

    def do(self) -> None:
        layout = self.systemd.layout
        self.print_line(f"{UNIT}: starting; this can take a few minutes while it waits for a microphone")
        self.systemd.query("reset-failed", UNIT, SOCKET_UNIT)
        try:
            self.systemd.do("restart", SOCKET_UNIT, UNIT)
        except AssistantError as error:
            found = read_status(self.systemd)
            why = " – ".join(filter(None, (found.why, found.text))) or error.message
            raise AssistantError(
                Code.SERVICE_FAILED, f"{UNIT} did not start: {why}; `{layout.journal} -n 50` shows its log"
            ) from error
