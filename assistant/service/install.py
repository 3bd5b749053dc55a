"""Installing the service: what there is to do, in order, and what has to be so before anything is done."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.models import catalog
from assistant.models.store import Store
from assistant.service import program as programs
from assistant.service.account import account, has_name
from assistant.service.files import DropIn, rendered
from assistant.service.layout import SOCKET_UNIT, UNIT, Layout
from assistant.service.status import read_status
from assistant.service.step import RemoveFile, Say, Step, WriteFile, WriteOnce, refuse_foreign
from assistant.service.systemd import Systemd
from assistant.service.weights import Fetch, Models

BACKOFF_SINCE = 254
"""The version of systemd that knows RestartSteps= (systemd.service(5)); older ones warn about it at each start."""

FLAGGED: tuple[DropIn, ...] = ("loopback", "lan", "gpu")
"""Drop-ins that whoever installs asks for."""

DROP_INS: tuple[DropIn, ...] = (*FLAGGED, "backoff", "pulseaudio")
"""All of them. The last two come by themselves: where systemd knows it, and where there is the group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What whoever installs has asked for. A drop-in that is not named stays as it is."""

    drop_ins: dict[DropIn, bool]
    start: bool = True
    offline: bool = False
    """Models that are not there are an error, before anything is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The steps, and what they come from."""

    steps: tuple[Step, ...]
    config: Config
    opened: tuple[DropIn, ...]
    """The drop-ins that it has in the end."""


def plan(layout: Layout, program: Path, wanted: Wanted, systemd: Systemd, get: Fetch, say: Say) -> Installation:
    """What installing is; changes nothing.

    Raises `AssistantError`: `config.invalid`, `model.unknown` and `model.missing` for a configuration that the service
    could not start with, `model.not_fetched` and `model.corrupt` where models may not be fetched, `service.foreign`
    where something else is in the way.
    """
    config = config_file.load(layout.config) if layout.config.exists() else Config()
    models = Models(Store(layout.models, catalog.shipped()), config, get)
    models.refuse_unusable()
    if wanted.offline:
        models.refuse_missing()
    opened = tuple(_opened(layout, wanted, systemd))
    user = account(program, systemd) if layout.whose == "system" else []
    files = _files(layout, program, opened)
    refuse_foreign([*user, *files])
    reload = Reload(systemd, tuple(files))
    steps: list[Step] = [
        *user,
        WriteOnce(layout.config, config_file.render_default()),
        models,
        *files,
        reload,
        Enable(systemd),
    ]
    if wanted.start:
        steps.append(Start(systemd, (reload, models), say))
    return Installation(steps=tuple(steps), config=config, opened=opened)


def obstacles(layout: Layout, program: Path, config: Config, systemd: Systemd) -> Iterator[AssistantError]:
    """What has to change before this can be installed here: who calls, the service manager, what the service sees."""
    if layout.whose == "system":
        if os.geteuid() != 0:
            yield AssistantError(
                Code.SERVICE_NOT_ROOT,
                f"only root installs services of the machine: sudo {program} service install; one of your own is "
                f"installed by you: {program} service install --user",
            )
        own_models = [Path(name).expanduser().absolute() for name in config.models.values() if os.sep in name]
        try:
            programs.refuse_hidden(programs.parts(program), programs.how_to_move())
            programs.refuse_hidden(own_models, f"move it to {layout.models}, and name it there in {layout.config}")
        except AssistantError as error:
            yield error
    if not systemd.is_running():
        yield AssistantError(Code.SERVICE_NO_SYSTEMD, _no_manager(layout))


def _no_manager(layout: Layout) -> str:
    if layout.whose == "system":
        return "this machine was not started by systemd; `assistant run` needs none"
    return (
        "your service manager is not running: log in at the machine or by ssh, or have it run always with "
        "`sudo loginctl enable-linger $USER`"
    )


LINGERING = (
    "note: your services end when you log out, and start when you log in. On a machine where nobody logs in, "
    "`sudo loginctl enable-linger $USER` has them, and the sound server (PipeWire) with them, run from its start on"
)


def lingers(layout: Layout, user: str) -> bool:
    """Whether the services of `user` run while they are not logged in (logind keeps a file for each who may)."""
    return (layout.root / "var/lib/systemd/linger" / user).exists()


def drop_in_folder(layout: Layout) -> str:
    """Where the shipped drop-ins for `layout` are, below systemd/."""
    return "user/drop-ins" if layout.whose == "user" else "drop-ins"


def _opened(layout: Layout, wanted: Wanted, systemd: Systemd) -> Iterator[DropIn]:
    for name in FLAGGED:
        if layout.whose == "user" and name == "gpu":
            continue  # a user's manager shuts no device out
        if wanted.drop_ins.get(name, (layout.drop_ins / f"{name}.conf").exists()):
            yield name
    if systemd.version() >= BACKOFF_SINCE:
        yield "backoff"
    if layout.whose == "system" and has_name(layout.root / "etc/group", "pulse-access"):
        yield "pulseaudio"


def _files(layout: Layout, program: Path, opened: Sequence[DropIn]) -> list[Step]:
    """The units and drop-ins, written or removed."""
    above = "user/" if layout.whose == "user" else ""
    units: list[Step] = [
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
class Reload:
    """What the service manager knows of the units."""

    systemd: Systemd
    files: tuple[Step, ...]
    subject = "units"
    participle = "read by the service manager"

    def is_done(self) -> bool:
        return all(file.is_done() for file in self.files) and self._knows(UNIT) and self._knows(SOCKET_UNIT)

    def do(self) -> None:
        self.systemd.tell("daemon-reload")

    def _knows(self, unit: str) -> bool:
        return self.systemd.ask("show", "--property=NeedDaemonReload", "--value", unit) == "no"


@dataclass(frozen=True, slots=True)
class Enable:
    """That it starts by itself: with the machine, or with the session."""

    systemd: Systemd
    participle = "enabled"

    @property
    def subject(self) -> str:
        return f"{UNIT}, with each {'session' if self.systemd.layout.whose == 'user' else 'start of the machine'}"

    def is_done(self) -> bool:
        return self.systemd.is_enabled(UNIT) and self.systemd.is_enabled(SOCKET_UNIT)

    def do(self) -> None:
        self.systemd.enable()


@dataclass(frozen=True, slots=True)
class Start:
    """The service, running as it is installed: what has changed restarts it."""

    systemd: Systemd
    after: tuple[Step, ...]
    say: Say
    subject = UNIT
    participle = "started"

    def is_done(self) -> bool:
        return all(step.is_done() for step in self.after) and read_status(self.systemd).active == "active"

    def do(self) -> None:
        layout = self.systemd.layout
        self.say(f"{UNIT}: starting, until it hears and answers; a microphone that is missing is waited for")
        self.systemd.ask("reset-failed", UNIT, SOCKET_UNIT)
        try:
            self.systemd.tell("restart", SOCKET_UNIT, UNIT)
        except AssistantError as error:
            found = read_status(self.systemd)
            why = " – ".join(filter(None, (found.why, found.text))) or error.message
            raise AssistantError(
                Code.SERVICE_FAILED, f"{UNIT} does not start: {why}; `{layout.journal} -n 50` shows its log"
            ) from error
