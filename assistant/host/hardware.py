"""What the machine has: processors this process may use, memory, accelerators. Read from the kernel; loads no engine.

`root` is the root of the file system everywhere; tests describe other machines by it.
"""

import os
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")

CGROUPS = "sys/fs/cgroup"


def usable_cores(root: Path = ROOT) -> int:
    """Count the processors this process may keep busy, at least 1, by its CPU affinity and control groups (v2).

    A quota of 1.5 processors counts as one: a thread beyond the quota would only have all of them throttled.
    """
    return max(1, min([len(os.sched_getaffinity(0)), *_limits(root, "cpu.max", _quota)]))


def memory_mb(root: Path = ROOT) -> int:
    """Return the MiB that this process may use: all there are, or fewer by the limits of its control groups (v2)."""
    return min([*_meminfo(root, "MemTotal"), *_limits(root, "memory.max", _megabytes)], default=0)


def available_memory_mb(root: Path = ROOT) -> int:
    """Return the MiB that this process could still get: what the kernel can free, or what its control groups have left.

    Files that a group has read count as used there, although they would be evicted.
    """
    left = [
        max(0, limit - (_megabytes(_read(root / CGROUPS / group / "memory.current")) or 0))
        for group in _groups(root)
        if (limit := _megabytes(_read(root / CGROUPS / group / "memory.max"))) is not None
    ]
    return min([*_meminfo(root, "MemAvailable"), *left], default=0)


def accelerators(root: Path = ROOT) -> tuple[str, ...]:
    """List the interfaces to accelerators, of `cuda`, `rocm`, `vulkan`, for which there are device files.

    Whether there are a driver and an engine built for it shows only when the engine tries.
    """
    promised = {
        # Bare metal and containers, Jetson, the Windows Subsystem for Linux.
        "cuda": ("dev/nvidiactl", "proc/driver/nvidia/version", "dev/nvhost-gpu", "dev/dxg"),
        "rocm": ("dev/kfd",),
        "vulkan": ("dev/dri/renderD*", "dev/nvidiactl"),
    }
    return tuple(kind for kind, files in promised.items() if any(_exists(root, pattern) for pattern in files))


def describe_machine(root: Path = ROOT) -> dict[str, str | int | float]:
    """Describe the machine for the report of a benchmark."""
    return {
        "cpu": _processor(root),
        "cores": usable_cores(root),
        "memory_mb": memory_mb(root),
        "accelerators": " ".join(accelerators(root)) or "none",
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def _processor(root: Path) -> str:
    """Name the processor; boards without a name in /proc/cpuinfo have their own in the device tree."""
    found = re.search(r"^model name\s*:\s*(\S.*)$", _read(root / "proc/cpuinfo"), re.MULTILINE)
    board = _read(root / "proc/device-tree/model").strip("\0 \n")
    return found[1].strip() if found else board or platform.machine()


def _limits(root: Path, name: str, parse: Callable[[str], int | None]) -> Iterator[int]:
    """Yield the limit in file `name` of this process's control group and of each one above it, where there is one."""
    for group in _groups(root):
        limit = parse(_read(root / CGROUPS / group / name))
        if limit is not None:
            yield limit


def _groups(root: Path) -> tuple[PurePosixPath, ...]:
    """Return this process's control group (v2) and each one above it, below `CGROUPS`."""
    found = re.search(r"^0::(/.*)$", _read(root / "proc/self/cgroup"), re.MULTILINE)
    own = PurePosixPath(found[1].lstrip("/") if found else "")
    return (own, *own.parents)


def _meminfo(root: Path, name: str) -> list[int]:
    """Read the MiB of the line `name` in /proc/meminfo; empty without it."""
    found = re.search(rf"^{name}:\s+(\d+) kB", _read(root / "proc/meminfo"), re.MULTILINE)
    return [int(found[1]) // 1024] if found else []


def _quota(text: str) -> int | None:
    """Parse the whole processors in cpu.max ("200000 100000": microseconds of use a period), None for no limit."""
    fields = text.split()
    if len(fields) != 2 or not all(field.isdecimal() for field in fields):
        return None
    return int(fields[0]) // int(fields[1])


def _megabytes(text: str) -> int | None:
    """Parse the MiB in memory.max, None for no limit."""
    return int(text) // 2**20 if text.strip().isdecimal() else None


def _exists(root: Path, pattern: str) -> bool:
    return next(root.glob(pattern), None) is not None


def _read(path: Path) -> str:
    """Read a kernel file; empty when this kernel, or this container, has no such file."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
