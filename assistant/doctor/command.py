"""Run other programs that may be missing or hang."""

import os
import subprocess
from collections.abc import Mapping, Sequence

TIMEOUT_S = 5.0
"""Seconds for `pactl`, `systemctl` or `loginctl`: they answer within 0.1 s, or never if their server hangs."""

Completed = subprocess.CompletedProcess[str]


class CommandTimeout(Exception):
    """The program did not exit in time."""


def output_of(*command: str) -> str | None:
    """Return what `command` prints, in English; None if it is missing or failed. Raises `CommandTimeout`."""
    try:
        answer = _run(command, os.environ)
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def run_in_session(command: Sequence[str]) -> Completed:
    """Run `command` as `service.systemd.run_command` does, but with a deadline: raises `CommandTimeout`."""
    try:
        return _run(command, {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}", **os.environ})
    except OSError as error:
        return Completed(command, 127, "", str(error))


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Completed:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            env={**environment, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        )
    except subprocess.TimeoutExpired as late:
        raise CommandTimeout(f"`{' '.join(command[:2])}` does not answer within {TIMEOUT_S:.0f} s") from late
