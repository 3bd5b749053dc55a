"""The system user that the service runs as, and the folders it needs."""

from dataclasses import dataclass
from pathlib import Path

from assistant.service.files import rendered
from assistant.service.step import SetupStep, WriteFile
from assistant.service.systemd import Systemctl

ACCOUNT = "assistant"


def account_steps(program: Path, systemd: Systemctl) -> list[SetupStep]:
    """Return the steps that create user, group and folders."""
    sysusers = WriteFile(systemd.layout.sysusers, rendered("sysusers.d/assistant.conf", program))
    tmpfiles = WriteFile(systemd.layout.tmpfiles, rendered("tmpfiles.d/assistant.conf", program))
    return [sysusers, CreateAccount(systemd), tmpfiles, CreateFolders(systemd)]


@dataclass(frozen=True, slots=True)
class CreateAccount:
    """Create the service's user, and the group whose members may use its socket."""

    systemd: Systemctl
    subject = f"user and group {ACCOUNT}"
    participle = "created"

    def is_done(self) -> bool:
        passwd, group = (self.systemd.layout.root / "etc" / table for table in ("passwd", "group"))
        in_audio = ACCOUNT in _members(group, "audio")
        return has_name(passwd, ACCOUNT) and in_audio and has_name(group, "render") and has_name(group, "video")

    def do(self) -> None:
        self.systemd.command(*self.systemd.on_root("systemd-sysusers"), str(self.systemd.layout.sysusers))


@dataclass(frozen=True, slots=True)
class CreateFolders:
    """Create now the folders that tmpfiles.d creates at every boot."""

    systemd: Systemctl
    participle = "created"

    @property
    def subject(self) -> str:
        return f"folders {self._run} and {self.systemd.layout.state}"

    @property
    def _run(self) -> Path:
        return self.systemd.layout.root / "run/assistant"

    def is_done(self) -> bool:
        return self._run.is_dir() and self.systemd.layout.state.is_dir()

    def do(self) -> None:
        layout = self.systemd.layout
        self.systemd.command(*self.systemd.on_root("systemd-tmpfiles"), "--create", str(layout.tmpfiles))


def has_name(table: Path, name: str) -> bool:
    """Return whether `table`, in the format of /etc/passwd, has an entry called `name`."""
    return any(line.startswith(f"{name}:") for line in _lines(table))


def _members(table: Path, group: str) -> list[str]:
    return next((line.split(":")[3].split(",") for line in _lines(table) if line.startswith(f"{group}:")), [])


def _lines(table: Path) -> list[str]:
    """Return the lines of `table`, or none if it cannot be read."""
    try:
        return table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
