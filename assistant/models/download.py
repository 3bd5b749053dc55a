"""Downloads in a child process, which can be observed and killed.

pip reports no progress to a pipe, and neither pip nor huggingface_hub can be stopped inside this process. As children
both are handled alike: their progress shows in their growing files, and ending them leaves nothing running here.
"""

import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_S = 0.2
"""Interval of progress reports in seconds, short enough for a smooth bar; each costs a few `stat` calls."""


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child process ended."""

    status: int
    """Exit status; negative for a signal."""
    output: str
    """Everything that it wrote to standard output and standard error."""

    @property
    def disk_full(self) -> bool:
        return os.strerror(errno.ENOSPC) in self.output

    @property
    def last_line(self) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else "it gave no reason"


def run_child(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    lock: int,
    report: Callable[[int], None],
) -> ChildResult:
    """Run `command` to its end; call `report` every `POLL_S` with the number of bytes under `folder`.

    `lock` is a file descriptor that the child keeps open: if this process is killed, a lock on it remains in force
    until the child has ended too. An exception here, such as that of Ctrl-C, ends the child before it propagates.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            pass_fds=(lock,),
        )
        try:
            status = _wait(child, folder, report)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        output.seek(0)
        return ChildResult(status, output.read())


def _wait(child: subprocess.Popen[bytes], folder: Path, report: Callable[[int], None]) -> int:
    while True:
        try:
            return child.wait(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            report(bytes_under(folder))


def bytes_under(folder: Path) -> int:
    """Add up the sizes of all files under `folder`, some of which may be moved or removed meanwhile."""
    total = 0
    for parent, _, files in os.walk(folder):  # passes over a folder that has vanished, which `Path.rglob` does not
        for file in files:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(parent, file)).st_size
    return total
