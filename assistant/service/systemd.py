"""Calling systemd's commands, for the machine's manager or for a user's."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError, Code
from assistant.service.layout import ROOT, UNIT, Layout

Answer = subprocess.CompletedProcess[str]
Run = Callable[[Sequence[str]], Answer]


def run(command: Sequence[str]) -> Answer:
    """Run `command` and wait for it. Raises `AssistantError` (`service.no_systemd`) where there is no such program."""
    try:
        return subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=_environment()
        )
    except FileNotFoundError as error:
        raise AssistantError(
            Code.SERVICE_NO_SYSTEMD, f"there is no {command[0]} here: a service needs systemd; `assistant run` does not"
        ) from error


def _environment() -> dict[str, str]:
    """Whoever came by `su` or `sudo -u` has a session's folder, and no variable that says so."""
    session = f"/run/user/{os.getuid()}"
    return {"XDG_RUNTIME_DIR": session, **os.environ, "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True)
class Systemd:
    """The service manager that an installation belongs to."""

    layout: Layout
    run: Run = run

    def ask(self, *arguments: str) -> str:
        """What `systemctl` prints; empty where it has nothing to say, also for an error."""
        return self.run(self._systemctl(arguments)).stdout.strip()

    def tell(self, *arguments: str) -> None:
        """Have `systemctl` do something. Raises `AssistantError` (`service.failed`) with what it says."""
        self.command(*self._systemctl(arguments))

    def command(self, *command: str) -> None:
        """Run another of systemd's commands. Raises as `tell`."""
        answer = self.run(command)
        if answer.returncode:
            reason = (answer.stderr or answer.stdout).strip().splitlines() or [f"it ended with {answer.returncode}"]
            raise AssistantError(Code.SERVICE_FAILED, f"`{' '.join(command)}`: {reason[0]}")

    def on_root(self, program: str) -> list[str]:
        """`program`, told to work on the layout's root where that is another than this machine's."""
        return [program] if self.layout.root == ROOT else [program, f"--root={self.layout.root}"]

    def is_running(self) -> bool:
        """Whether there is a manager that could start anything."""
        if self.layout.whose == "system":
            return (self.layout.root / "run/systemd/system").is_dir()  # sd_booted(3)
        return (Path(_environment()["XDG_RUNTIME_DIR"]) / "systemd/private").is_socket()

    def is_enabled(self, unit: str = UNIT) -> bool:
        """Whether `unit` starts by itself."""
        return self.run([*self._program(), "is-enabled", unit]).stdout.strip() == "enabled"

    def enable(self, unit: str = UNIT) -> None:
        self.command(*self._program(), "enable", unit)

    def disable(self, unit: str = UNIT) -> None:
        self.command(*self._program(), "disable", unit)

    def version(self) -> int:
        """As in "systemd 252 (252.39-1~deb12u2)"; 0 when it does not say."""
        words = self.run(["systemctl", "--version"]).stdout.split()
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0

    def _program(self) -> list[str]:
        return ["systemctl", "--user"] if self.layout.whose == "user" else self.on_root("systemctl")

    def _systemctl(self, arguments: Sequence[str]) -> list[str]:
        return ["systemctl", *(["--user"] if self.layout.whose == "user" else []), *arguments]
