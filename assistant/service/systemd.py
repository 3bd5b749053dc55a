"""Run systemd's commands, for the system's service manager or a user's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError, Code
from assistant.host import children
from assistant.host.children import Completed
from assistant.service.layout import ROOT, UNIT, Layout

RunCommand = Callable[[Sequence[str]], Completed]


def run_command(command: Sequence[str]) -> Completed:
    """Run `command` to its end. Raises `AssistantError` (`service.no_systemd`) if the program does not exist."""
    try:
        return children.run_text(command, changes={**children.session(), "SYSTEMD_COLORS": "0", "LC_ALL": "C.UTF-8"})
    except FileNotFoundError as error:
        raise AssistantError(
            Code.SERVICE_NO_SYSTEMD,
            f"{command[0]} not found: a service needs systemd; `assistant run` works without it",
        ) from error


@dataclass(frozen=True, slots=True)
class Systemctl:
    """Access to the service manager of one installation."""

    layout: Layout
    run: RunCommand = run_command

    def query(self, *arguments: str) -> str:
        """Return what `systemctl` prints; empty on failure."""
        return self.run(self._systemctl(arguments)).stdout.strip()

    def do(self, *arguments: str) -> None:
        """Run `systemctl`. Raises `AssistantError` (`service.failed`) with its first line of output."""
        self.command(*self._systemctl(arguments))

    def command(self, *command: str) -> None:
        """Run another of systemd's commands. Raises like `do`."""
        answer = self.run(command)
        if answer.returncode:
            reason = (answer.stderr or answer.stdout).strip().splitlines() or [
                f"it exited with status {answer.returncode}"
            ]
            raise AssistantError(Code.SERVICE_FAILED, f"`{' '.join(command)}`: {reason[0]}")

    def on_root(self, program: str) -> list[str]:
        """Return `program` with `--root=` if the layout's root is not this machine's."""
        return [program] if self.layout.root == ROOT else [program, f"--root={self.layout.root}"]

    def is_running(self) -> bool:
        """Return whether the service manager is running."""
        if self.layout.whose == "system":
            return (self.layout.root / "run/systemd/system").is_dir()  # sd_booted(3)
        return (Path(children.session()["XDG_RUNTIME_DIR"]) / "systemd/private").is_socket()

    def is_enabled(self, unit: str = UNIT) -> bool:
        """Return whether `unit` starts at boot or login."""
        return self.run([*self._program(), "is-enabled", unit]).stdout.strip() == "enabled"

    def enable(self, unit: str = UNIT) -> None:
        self.command(*self._program(), "enable", unit)

    def disable(self, unit: str = UNIT) -> None:
        self.command(*self._program(), "disable", unit)

    def version(self) -> int:
        """Return 252 for "systemd 252 (252.39-1~deb12u2)"; 0 if unknown."""
        words = self.run(["systemctl", "--version"]).stdout.split()
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() else 0

    def _program(self) -> list[str]:
        return ["systemctl", "--user"] if self.layout.whose == "user" else self.on_root("systemctl")

    def _systemctl(self, arguments: Sequence[str]) -> list[str]:
        return ["systemctl", *(["--user"] if self.layout.whose == "user" else []), *arguments]
