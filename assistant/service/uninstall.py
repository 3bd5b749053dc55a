"""Plan the removal of the service: what the installation wrote, and nothing that belongs to the user."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from assistant.errors import AssistantError, Code
from assistant.service import files
from assistant.service.account import ACCOUNT, has_name
from assistant.service.install import DROP_INS
from assistant.service.layout import SOCKET_UNIT, UNIT, Layout
from assistant.service.status import read_status
from assistant.service.step import RemoveFile, SetupStep, refuse_foreign
from assistant.service.systemd import Systemctl


def plan_uninstall(layout: Layout, systemd: Systemctl) -> list[SetupStep]:
    """Plan the removal without changing anything.

    Raises `AssistantError` (`service.foreign`) for units of another origin.
    """
    units = [RemoveFile(layout.units / name) for name in (UNIT, SOCKET_UNIT)]
    drop_ins = [RemoveFile(layout.drop_ins / f"{name}.conf") for name in DROP_INS]
    account = [RemoveFile(layout.sysusers), RemoveFile(layout.tmpfiles)] if layout.whose == "system" else []
    there = [file for file in chain(drop_ins, account) if not file.is_done()]
    removed = [*units, *there]
    refuse_foreign(removed)
    return [StopService(systemd), *removed, ForgetUnits(systemd, tuple(removed))]


def uninstall_obstacles(layout: Layout) -> Iterator[AssistantError]:
    """Yield what prevents removal."""
    if layout.whose == "system" and os.geteuid() != 0:
        yield AssistantError(
            Code.SERVICE_NOT_ROOT, "a system service is removed by root; run the same command with sudo"
        )


def leftovers(layout: Layout) -> list[str]:
    """Return what stays on the machine, and how to remove it."""
    kept = [("configuration", layout.config.parent), ("models", layout.models), ("state", layout.state)]
    found = [f"{name} in {place}" for name, place in kept if place.exists()]
    lines = [f"kept: {', '.join(found)}"] if found else []
    if layout.whose == "system" and has_name(layout.root / "etc/passwd", ACCOUNT):
        lines.append(f"kept: user {ACCOUNT}; `userdel {ACCOUNT}` removes it, once it owns no files")
    return lines


@dataclass(frozen=True, slots=True)
class StopService:
    """Stop service and socket, and disable them at boot."""

    systemd: Systemctl
    subject = UNIT
    participle = "stopped and disabled"

    def is_done(self) -> bool:
        return not self._is_there or not (self._is_active or self._is_enabled)

    def do(self) -> None:
        self.systemd.query("stop", SOCKET_UNIT, UNIT)
        self.systemd.disable()
        self.systemd.query("reset-failed", UNIT, SOCKET_UNIT)

    @property
    def _is_there(self) -> bool:
        unit = self.systemd.layout.units / UNIT
        return unit.exists() and files.is_ours(unit)

    @property
    def _is_active(self) -> bool:
        return any(read_status(self.systemd, unit).active not in {"inactive", ""} for unit in (UNIT, SOCKET_UNIT))

    @property
    def _is_enabled(self) -> bool:
        return self.systemd.is_enabled(UNIT) or self.systemd.is_enabled(SOCKET_UNIT)


@dataclass(frozen=True, slots=True)
class ForgetUnits:
    """Make the service manager forget the removed units."""

    systemd: Systemctl
    removed: Sequence[SetupStep]
    subject = "units"
    participle = "unloaded from systemd"

    def is_done(self) -> bool:
        return all(file.is_done() for file in self.removed)

    def do(self) -> None:
        self.systemd.do("daemon-reload")
