"""Downloading in a child process, which can be watched, killed, and outlived.

pip reports nothing to a pipe, and neither pip nor huggingface_hub can be stopped inside this process. In a child both
are the same: what it has so far is seen from its growing files, and ending it leaves nothing running here.
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
"""Five looks a second make a bar that moves; each costs a few `stat` calls."""


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    """Exit status of the child; negative for a signal."""
    output: str
    """Everything it wrote on standard output and standard error."""

    @property
    def disk_full(self) -> bool:
        return os.strerror(errno.ENOSPC) in self.output

    @property
    def last_line(self) -> str:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        return lines[-1] if lines else "it gave no reason"


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    growing: Path,
    held: int,
    report: Callable[[int], None],
) -> Outcome:
    """Run `command` to its end and tell `report` how many bytes lie under the folder `growing`, some times a second.

    `held` is a file descriptor that the child keeps open: if this process is killed, a lock on it stays in force
    until the child has ended too. An exception here, such as the one of Ctrl-C, ends the child before it goes on.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **environment},
            pass_fds=(held,),
        )
        try:
            status = _wait(child, growing, report)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        output.seek(0)
        return Outcome(status, output.read())


def _wait(child: subprocess.Popen[bytes], growing: Path, report: Callable[[int], None]) -> int:
    while True:
        try:
            return child.wait(timeout=POLL_S)
        except subprocess.TimeoutExpired:
            report(bytes_under(growing))


def bytes_under(folder: Path) -> int:
    """Bytes of all files under `folder`; what is moved or removed while it looks counts or not."""
    total = 0
    for parent, _, files in os.walk(folder):  # leaves out a folder that has gone, which `Path.rglob` does not
        for file in files:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(parent, file)).st_size
    return total
