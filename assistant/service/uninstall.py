"""Taking the service away again: what installing has written, and nothing of what the user has."""

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
from assistant.service.step import RemoveFile, Step, refuse_foreign
from assistant.service.systemd import Systemd


def plan(layout: Layout, systemd: Systemd) -> list[Step]:
    """What uninstalling is; changes nothing. Raises `AssistantError` (`service.foreign`) for another's units."""
    units = [RemoveFile(layout.units / name) for name in (UNIT, SOCKET_UNIT)]
    drop_ins = [RemoveFile(layout.drop_ins / f"{name}.conf") for name in DROP_INS]
    account = [RemoveFile(layout.sysusers), RemoveFile(layout.tmpfiles)] if layout.whose == "system" else []
    there = [file for file in chain(drop_ins, account) if not file.is_done()]
    removed = [*units, *there]
    refuse_foreign(removed)
    return [Stop(systemd), *removed, Forget(systemd, tuple(removed))]


def obstacles(layout: Layout) -> Iterator[AssistantError]:
    """What has to change before this can be uninstalled."""
    if layout.whose == "system" and os.geteuid() != 0:
        yield AssistantError(
            Code.SERVICE_NOT_ROOT, "only root removes services of the machine: the same command with sudo before it"
        )


def left(layout: Layout) -> list[str]:
    """What stays, and how to be rid of it."""
    kept = [("configuration", layout.config.parent), ("models", layout.models), ("state", layout.state)]
    found = [f"{name} in {place}" for name, place in kept if place.exists()]
    lines = [f"left alone: {', '.join(found)}"] if found else []
    if layout.whose == "system" and has_name(layout.root / "etc/passwd", ACCOUNT):
        lines.append(f"left alone: user {ACCOUNT}; `userdel {ACCOUNT}` removes it, once nothing belongs to it")
    return lines


@dataclass(frozen=True, slots=True)
class Stop:
    """The service and its socket, now and at the next start of the machine."""

    systemd: Systemd
    subject = UNIT
    participle = "stopped and disabled"

    def is_done(self) -> bool:
        return not self._is_there or not (self._is_active or self._is_enabled)

    def do(self) -> None:
        self.systemd.ask("stop", SOCKET_UNIT, UNIT)
        self.systemd.disable()
        self.systemd.ask("reset-failed", UNIT, SOCKET_UNIT)

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
class Forget:
    """What the service manager knows of the units."""

    systemd: Systemd
    removed: Sequence[Step]
    subject = "units"
    participle = "forgotten by the service manager"

    def is_done(self) -> bool:
        return all(file.is_done() for file in self.removed)

    def do(self) -> None:
        self.systemd.tell("daemon-reload")
