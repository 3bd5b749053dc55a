"""Memory, processor time, file descriptors, threads and wake-ups of another process, from /proc."""

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ProcessReading(msgspec.Struct, frozen=True, kw_only=True):
    """A process at one instant."""

    memory_mb: float
    """Resident set in MiB, with shared pages and the mapped files of its models."""
    anonymous_mb: float
    """The part of it that is backed by no file (RssAnon), which is where a leak shows."""
    files: int
    """Open file descriptors."""
    threads: int
    processor_s: float
    """Processor time since the process started, ended threads included."""
    wakeups: int
    """Voluntary context switches of all threads since they were first read; see `ProcessMonitor`."""


class ThreadReading(msgspec.Struct, frozen=True, kw_only=True):
    """One thread of a process."""

    name: str
    """Name in the kernel; Python's threads have that of the process."""
    processor_s: float
    wakeups: int
    """Voluntary context switches: each is a wait, followed by a wake-up."""


class ProcessMonitor:
    """Reads the process `pid`. Every method raises `ProcessLookupError` once it has ended.

    Wake-ups are counted by thread, so those of a thread that lived between two readings only are missed.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._folder = Path(f"/proc/{pid}")
        self._last: dict[int, int] = {}
        self._wakeups = 0

    def read(self) -> ProcessReading:
        """Read the process now."""
        status = _fields(self._read("status"))
        if "VmRSS" not in status:
            raise ProcessLookupError(f"process {self._pid} has ended, and its parent has not waited for it")
        stat = self._read("stat").rpartition(")")[2].split()
        return ProcessReading(
            memory_mb=_megabytes(status["VmRSS"]),
            anonymous_mb=_megabytes(status["RssAnon"]),
            files=sum(1 for _ in (self._folder / "fd").iterdir()),
            threads=int(status["Threads"]),
            processor_s=(int(stat[11]) + int(stat[12])) / TICKS_PER_S,  # utime and stime, fields 14 and 15 of proc(5)
            wakeups=self._count_wakeups(),
        )

    def threads(self) -> dict[int, ThreadReading]:
        """Return the threads by their ids; the main thread's is `pid`."""
        found = dict(self._threads())
        if not found:
            raise ProcessLookupError(f"process {self._pid} has ended")
        return found

    def _count_wakeups(self) -> int:
        current = {number: thread.wakeups for number, thread in self._threads()}
        if self._last:
            self._wakeups += sum(count - self._last.get(number, 0) for number, count in current.items())
        self._last = current
        return self._wakeups

    def _threads(self) -> Iterator[tuple[int, ThreadReading]]:
        for folder in self._folder.glob("task/*"):
            try:
                status = _fields((folder / "status").read_text())
                nanoseconds = int((folder / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended after the folder was listed
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
    """Return the MiB in a value such as "512 kB"."""
    return round(int(kilobytes.split()[0]) / 1024, 2)
