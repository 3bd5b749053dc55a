"""A machine in a folder: systemd's commands work on it for real, and only what needs a running manager is scripted."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.models import checks
from assistant.models.store import Store
from assistant.service.install import Installation, Wanted, plan
from assistant.service.layout import Layout, of_the_system
from assistant.service.step import carry_out
from assistant.service.systemd import Answer, Systemd
from tests.models.small import EARS_FILES
from tests.models.small import install as put_model

PROGRAM = Path("/opt/assistant/bin/assistant")

TARGETS = ("multi-user.target", "sockets.target")

OFFLINE = ("systemd-sysusers", "systemd-tmpfiles")


@dataclass
class Machine:
    """`active` is what the manager would say of the service; `told` what it was told."""

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
    def systemd(self) -> Systemd:
        return Systemd(self.layout, self.run)

    def run(self, command: Sequence[str]) -> Answer:
        if command[0] in OFFLINE or command[1] == f"--root={self.root}":
            return self._really(command)
        self.told.append(" ".join(command[1:]))
        return self._scripted(command[1], command)

    def _really(self, command: Sequence[str]) -> Answer:
        answer = subprocess.run(command, check=False, capture_output=True, text=True)
        if command[0] == "systemd-tmpfiles" and os.geteuid() != 0:
            answer.returncode = 0  # it made the folders; only root can give them away
        return answer

    def _scripted(self, verb: str, command: Sequence[str]) -> Answer:
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

    def fetch(self, names: Sequence[str], store: Store) -> None:
        """What comes from the network, as somebody with a strict umask downloads it."""
        self.fetched += names
        folder = store.root / "ears-1.5"
        put_model(store.catalog.model("ears-1.5"), folder, EARS_FILES)
        checks.verify(store.catalog.model("ears-1.5"), folder)
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode & 0o700)

    def plan(self, wanted: Wanted | None = None, program: Path = PROGRAM) -> Installation:
        wanted = wanted or Wanted(drop_ins={})
        return plan(self.layout, program, wanted, self.systemd, self.fetch, self.said.append)

    def install(self, wanted: Wanted | None = None, *, dry_run: bool = False, program: Path = PROGRAM) -> list[str]:
        """Install; what was said, without the root in front of the paths."""
        self.said.clear()
        carry_out(self.plan(wanted, program).steps, self.said.append, dry_run=dry_run)
        return [line.replace(str(self.root), "") for line in self.said]

    def files(self) -> dict[str, str]:
        """Every file and link below the root, with what is in it."""
        return {
            str(path.relative_to(self.root)): os.readlink(path) if path.is_symlink() else path.read_bytes().hex()
            for path in sorted(self.root.rglob("*"))
            if path.is_symlink() or path.is_file()
        }
