"""Where the parts of an installed service lie, for the whole machine or for one user."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assistant.models import store

ROOT = Path("/")

UNIT = "assistant.service"
SOCKET_UNIT = "assistant.socket"


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of one installation. What depends on whose it is stands here and nowhere else."""

    whose: Literal["system", "user"]
    root: Path
    """The root of the file system; tests, and whoever builds an image, have another."""
    units: Path
    config: Path
    models: Path
    state: Path
    """The folder with what it remembers."""

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
        """What `systemctl`, `journalctl` and this command need to mean this installation."""
        return " --user" if self.whose == "user" else ""

    @property
    def journal(self) -> str:
        """The command that shows its log."""
        return f"journalctl{self.option} -u {UNIT}"


def of_the_system(root: Path = ROOT) -> Layout:
    """The service of the machine, which has a user of its own."""
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
    """The service of whoever calls, in the places that `assistant run` uses when they call it themselves."""
    home = Path(environment.get("HOME") or Path.home())
    config = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    models = store.root()
    return Layout(
        whose="user",
        root=ROOT,
        units=config / "systemd/user",
        config=config / "assistant/config.yaml",
        models=models,
        state=models.parent,
    )
