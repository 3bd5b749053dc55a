"""The user that the service runs as, and its folders."""

from dataclasses import dataclass
from pathlib import Path

from assistant.service.files import rendered
from assistant.service.step import Step, WriteFile
from assistant.service.systemd import Systemd

ACCOUNT = "assistant"


def account(program: Path, systemd: Systemd) -> list[Step]:
    """The steps that make them; the files of ours among them are the `WriteFile`s."""
    sysusers = WriteFile(systemd.layout.sysusers, rendered("sysusers.d/assistant.conf", program))
    tmpfiles = WriteFile(systemd.layout.tmpfiles, rendered("tmpfiles.d/assistant.conf", program))
    return [sysusers, Account(systemd), tmpfiles, Folders(systemd)]


@dataclass(frozen=True, slots=True)
class Account:
    """The user that the service runs as, and the group of those who may talk to it."""

    systemd: Systemd
    subject = f"user and group {ACCOUNT}"
    participle = "created"

    def is_done(self) -> bool:
        passwd, group = (self.systemd.layout.root / "etc" / table for table in ("passwd", "group"))
        in_audio = ACCOUNT in _members(group, "audio")
        return has_name(passwd, ACCOUNT) and in_audio and has_name(group, "render") and has_name(group, "video")

    def do(self) -> None:
        self.systemd.command(*self.systemd.on_root("systemd-sysusers"), str(self.systemd.layout.sysusers))


@dataclass(frozen=True, slots=True)
class Folders:
    """What tmpfiles.d makes at each start of the machine, now."""

    systemd: Systemd
    participle = "made"

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
    """Whether `name` stands in a table such as /etc/passwd."""
    return any(line.startswith(f"{name}:") for line in _lines(table))


def _members(table: Path, group: str) -> list[str]:
    return next((line.split(":")[3].split(",") for line in _lines(table) if line.startswith(f"{group}:")), [])


def _lines(table: Path) -> list[str]:
    """The lines of `table`; none where there is no such file."""
    try:
        return table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
