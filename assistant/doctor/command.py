"""Run other programs that may be missing or hang."""

from collections.abc import Mapping, Sequence

from assistant.host import children
from assistant.host.children import Completed

TIMEOUT_S = 5.0
"""Seconds for `pactl`, `systemctl` or `loginctl`: they answer within 0.1 s, or never if their server hangs."""


class CommandTimeout(Exception):
    """The program did not exit in time."""


def output_of(*command: str) -> str | None:
    """Return what `command` prints, in English; None if it is missing or failed. Raises `CommandTimeout`."""
    try:
        answer = _run(command, {})
    except OSError:
        return None
    return answer.stdout if answer.returncode == 0 else None


def run_in_session(command: Sequence[str]) -> Completed:
    """Run `command` as `service.systemd.run_command` does, but with a deadline: raises `CommandTimeout`."""
    try:
        return _run(command, children.session())
    except OSError as error:
        return Completed(command, 127, "", str(error))


def _run(command: Sequence[str], changes: Mapping[str, str]) -> Completed:
    try:
        return children.run_text(
            command, timeout_s=TIMEOUT_S, changes={**changes, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
        )
    except children.TimeoutExpired as late:
        raise CommandTimeout(f"`{' '.join(command[:2])}` does not answer within {TIMEOUT_S:.0f} s") from late
