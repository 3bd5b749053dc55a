"""What another process costs, read from /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

TICKS = os.sysconf("SC_CLK_TCK")


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A process at one moment."""

    memory_mb: float
    """Resident, in MiB: what is its own and what it shares, the mapped files of its models among it."""
    anonymous_mb: float
    """The part of it that no file stands behind (RssAnon): what a leak grows."""
    files: int
    """Open file descriptors."""
    threads: int
    processor_s: float
    """Processor time since its start, that of threads which have ended included."""
    wakeups: int
    """Times its threads have waited for something since they were first read; see `Watched`."""


class ThreadReading(msgspec.Struct, frozen=True, kw_only=True):
    """One of its threads."""

    name: str
    """As the kernel knows it; Python's all have the name of the process."""
    processor_s: float
    wakeups: int
    """Voluntary context switches: each is a wait, and so a wake-up."""


class Watched:
    """The process `pid`, read again and again. Raises `ProcessLookupError` when it has ended.

    Wake-ups are counted by thread; those of a thread that came and went between two readings nobody counts.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._folder = Path(f"/proc/{pid}")
        self._last: dict[int, int] = {}
        self._wakeups = 0

    def read(self) -> Reading:
        status = _fields(self._read("status"))
        if "VmRSS" not in status:
            raise ProcessLookupError(f"process {self._pid} has ended, and nobody has asked how")
        stat = self._read("stat").rpartition(")")[2].split()
        return Reading(
            memory_mb=_megabytes(status["VmRSS"]),
            anonymous_mb=_megabytes(status["RssAnon"]),
            files=sum(1 for _ in (self._folder / "fd").iterdir()),
            threads=int(status["Threads"]),
            processor_s=(int(stat[11]) + int(stat[12])) / TICKS,  # utime and stime, fields 14 and 15 of proc(5)
            wakeups=self._count_wakeups(),
        )

    def threads(self) -> dict[int, ThreadReading]:
        """Each thread by its number; that of the main thread is the process's."""
        found = dict(self._threads())
        if not found:
            raise ProcessLookupError(f"process {self._pid} has ended")
        return found

    def _count_wakeups(self) -> int:
        now = {number: thread.wakeups for number, thread in self._threads()}
        if self._last:
            self._wakeups += sum(count - self._last.get(number, 0) for number, count in now.items())
        self._last = now
        return self._wakeups

    def _threads(self) -> Iterator[tuple[int, ThreadReading]]:
        for folder in self._folder.glob("task/*"):
            try:
                status = _fields((folder / "status").read_text())
                nanoseconds = int((folder / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended a moment ago
            yield (
                int(folder.name),
                ThreadReading(
                    name=status["Name"],
                    processor_s=nanoseconds / 1e9,
                    wakeups=int(status["voluntary_ctxt_switches"]),
                ),
            )

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except FileNotFoundError as error:
            raise ProcessLookupError(f"process {self._pid} has ended") from error


def _fields(text: str) -> dict[str, str]:
    return {name: value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


def _megabytes(kilobytes: str) -> float:
    """Of a value such as "512 kB"."""
    return round(int(kilobytes.split()[0]) / 1024, 2)
