"""Downloads in a child process, which can be observed and killed.

pip reports no progress to a pipe, and neither pip nor huggingface_hub can be stopped inside this process. As children
both are handled alike: their progress shows in their growing files, and ending them leaves nothing running here.
"""

import errno
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assistant.host import children

POLL_S = 0.2
"""Interval of progress reports in seconds, short enough for a smooth bar; each costs a few `stat` calls."""

SLACK = 1 << 20
"""Bytes that a download may write beside what was asked for: locks, records, messages."""


@dataclass(frozen=True, slots=True)
class ChildResult:
    """How a child process ended."""

    status: int
    """Exit status; negative for a signal."""
    output: str
    """Everything that it wrote to standard output and standard error."""
    too_large: bool = False
    """Whether it was ended because it wrote more than it was to fetch."""

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
    max_bytes: int,
) -> ChildResult:
    """Run `command` to its end; call `report` every `POLL_S` with the number of bytes under `folder`.

    `lock` is a file descriptor that the child keeps open: if this process is killed, a lock on it remains in force
    until the child has ended too. An exception here, such as that of Ctrl-C, ends the child before it propagates.
    `max_bytes` is the size of what is fetched: no file gets larger by more than `SLACK`, nor what is added to `folder`.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as output:
        most = max_bytes + SLACK
        limit = bytes_under(folder) + most
        child = children.start(command, output=output, changes=environment, pass_fds=(lock,), max_file_bytes=most)
        try:
            status, size = _wait(child, folder, report, limit)
        except BaseException:
            child.terminate()
            child.wait()
            raise
        output.seek(0)
        written = output.read()
        return ChildResult(status, written, too_large=size > limit or os.strerror(errno.EFBIG) in written)


class _Child(Protocol):
    def wait(self, timeout: float | None = None) -> int: ...

    def terminate(self) -> None: ...


def _wait(child: _Child, folder: Path, report: Callable[[int], None], limit: int) -> tuple[int, int]:
    """Return the exit status of `child` and the size of `folder` when that was last looked at."""
    while True:
        try:
            return child.wait(timeout=POLL_S), bytes_under(folder)
        except children.TimeoutExpired:
            size = bytes_under(folder)
        if size > limit:
            child.terminate()
            return child.wait(), size
        report(size)


def bytes_under(folder: Path) -> int:
    """Add up the sizes of all files under `folder`, some of which may be moved or removed meanwhile."""
    total = 0
    for parent, _, files in os.walk(folder):  # passes over a folder that has vanished, which `Path.rglob` does not
        for file in files:
            with suppress(FileNotFoundError):
                total += os.stat(os.path.join(parent, file)).st_size
    return total
