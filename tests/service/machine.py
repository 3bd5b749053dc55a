"""A machine in a folder: systemd's offline commands really run, those that need a running manager are scripted."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.host.children import Completed
from assistant.models import checks
from assistant.models.directory import ModelDirectory
from assistant.service.install import InstallOptions, InstallPlan, plan_install
from assistant.service.layout import Layout, of_the_system
from assistant.service.step import carry_out
from assistant.service.systemd import Systemctl
from tests.models.small import EARS_FILES
from tests.models.small import install as put_model

PROGRAM = Path("/opt/assistant/bin/assistant")

TARGETS = ("multi-user.target", "sockets.target")

OFFLINE = ("systemd-sysusers", "systemd-tmpfiles")


@dataclass
class Machine:
    """A machine; `active` is the service's scripted state, `told` the commands the manager received."""

    root: Path
    version: int = 252
    active: str = "inactive"
    starts: bool = True
    told: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        shipped = self.root / "usr/lib/systemd/system"
        for folder in (shipped, self.root / "run/systemd/system", self.root / "etc"):
            folder.mkdir(parents=True)
        for target in TARGETS:
            (shipped / target).write_text("[Unit]\nDescription=a target\n")
        config = self.layout.config
        config.parent.mkdir(parents=True)
        config.write_text(
            "{asr: {model: ears-1.5}, llm: {engine: openai}, tts: {voice: ears-1.5}, turns: {mode: silence}}"
        )

    @property
    def layout(self) -> Layout:
        return of_the_system(self.root)

    @property
    def systemd(self) -> Systemctl:
        return Systemctl(self.layout, self.run)

    def run(self, command: Sequence[str]) -> Completed:
        if command[0] in OFFLINE or command[1] == f"--root={self.root}":
            return self._really(command)
        self.told.append(" ".join(command[1:]))
        return self._scripted(command[1], command)

    def _really(self, command: Sequence[str]) -> Completed:
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        if command[0] == "systemd-tmpfiles" and os.geteuid() != 0:
            answer.returncode = 0  # it made the folders; only root can give them away
        return answer

    def _scripted(self, verb: str, command: Sequence[str]) -> Completed:
        output, status = "", 0
        match verb:
            case "--version":
                output = f"systemd {self.version} ({self.version}-1)\n+PAM"
            case "show" if "--value" in command:
                output = "no\n"
            case "show":
                output = f"LoadState=loaded\nActiveState={self.active}\nResult=success\nStatusText=listening\n"
            case "restart" if self.starts:
                self.active = "active"
            case "restart":
                self.active, status = "failed", 1
            case "stop":
                self.active = "inactive"
        return subprocess.CompletedProcess(command, status, output, "Job failed." if status else "")

    def fetch(self, names: Sequence[str], store: ModelDirectory) -> None:
        """Put the model in place as a download under a strict umask leaves it."""
        self.fetched += names
        folder = store.root / "ears-1.5"
        put_model(store.catalog.model("ears-1.5"), folder, EARS_FILES)
        checks.verify(store.catalog.model("ears-1.5"), folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode & 0o700)

    def plan(self, options: InstallOptions | None = None, program: Path = PROGRAM) -> InstallPlan:
        options = options or InstallOptions(drop_ins={})
        return plan_install(self.layout, program, options, self.systemd, self.fetch, self.said.append)

    def install(
        self, options: InstallOptions | None = None, *, dry_run: bool = False, program: Path = PROGRAM
    ) -> list[str]:
        """Install and return the printed lines, without the root in front of the paths."""
        self.said.clear()
        carry_out(self.plan(options, program).steps, self.said.append, dry_run=dry_run)
        return [line.replace(str(self.root), "") for line in self.said]

    def files(self) -> dict[str, str]:
        """Return every file and link below the root with its content."""
        return {
            str(path.relative_to(self.root)): os.readlink(path) if path.is_symlink() else path.read_bytes().hex()
            for path in sorted(self.root.rglob("*"))
            if path.is_symlink() or path.is_file()
        }
