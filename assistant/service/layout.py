"""Paths of an installed service, system-wide or of one user."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.models import directory

ROOT = Path("/")

UNIT = "assistant.service"
SOCKET_UNIT = "assistant.socket"


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths and command options of one installation, the only place that depends on whose it is."""

    whose: Literal["system", "user"]
    root: Path
    """Root of the file system; tests and image builds use another."""
    units: Path
    config: Path
    models: Path
    state: Path
    """Folder of the state database."""

    @property
    def drop_ins(self) -> Path:
        return self.units / f"{UNIT}.d"

    @property
    def sysusers(self) -> Path:
        return self.root / "etc/sysusers.d/assistant.conf"

    @property
    def tmpfiles(self) -> Path:
        return self.root / "etc/tmpfiles.d/assistant.conf"

    @property
    def option(self) -> str:
        """Option of `systemctl`, `journalctl` and `assistant service` that selects this installation."""
        return " --user" if self.whose == "user" else ""

    @property
    def journal(self) -> str:
        """Command that shows the log."""
        return f"journalctl{self.option} -u {UNIT}"


def of_the_system(root: Path = ROOT) -> Layout:
    """Return the layout of the system service, which runs as its own user."""
    state = root / "var/lib/assistant"
    return Layout(
        whose="system",
        root=root,
        units=root / "etc/systemd/system",
        config=root / "etc/assistant/config.yaml",
        models=state / "models",
        state=state,
    )


def of_the_user(environment: Mapping[str, str] = os.environ) -> Layout:
    """Return the layout of the calling user's service, with the paths that `assistant run` uses."""
    home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    models = directory.root()
    return Layout(
        whose="user",
        root=ROOT,
        units=config / "systemd/user",
        config=config / "assistant/config.yaml",
        models=models,
        state=models.parent,
    )
