"""Asking other programs, which may not be there or may never answer."""

import os
import subprocess
from collections.abc import Mapping, Sequence

PATIENCE_S = 5.0
"""Seconds for `pactl`, `systemctl` or `loginctl`: they answer within 0.1 s, and never when their server hangs."""

Answer = subprocess.CompletedProcess[str]


class Hung(Exception):
    """The program did not end in time."""


def ask(*command: str) -> str | None:
    """What `command` prints, in English; None when it is not there or failed. Raises `Hung`."""
    try:
        answer = _run(command, os.environ)
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def run_session(command: Sequence[str]) -> Answer:
    """As `service.systemd.run`, which finds the session of whoever came by `su`, but raises `Hung`."""
    try:
        return _run(command, {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}", **os.environ})
    except OSError as error:
        return Answer(command, 127, "", str(error))


def _run(command: Sequence[str], environment: Mapping[str, str]) -> Answer:
    try:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE_S,
            env={**environment, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"},
        )
    except subprocess.TimeoutExpired as late:
        raise Hung(f"`{' '.join(command[:2])}` does not answer within {PATIENCE_S:.0f} s") from late
