"""What this process has cost so far."""

import ctypes
import logging
import os
import resource
import threading
import time
from pathlib import Path

ARENAS = 2
"""As a rule there are eight for each core, each keeps what it once needed, and every work of an engine is a thread that
takes another. On two cores `assistant bench --suite soak` saw the memory of the daemon's own rise from 527 to 630 MB in
14 minutes of talk; with two arenas it went to and fro between 523 and 549. The voice answered as soon: 396 ms in the
median, and 425 with eight for each core.
"""

M_ARENA_MAX = -8
"""Its number in glibc's malloc.h."""


def seconds_since_start() -> float:
    """Seconds since the kernel started this process, interpreter start and imports included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # starttime, field 22 of proc(5), in ticks since boot
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def peak_memory_mb() -> float:
    """Largest resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def share_arenas() -> None:
    """Have glibc serve all threads from `ARENAS` arenas, unless the variable `MALLOC_ARENA_MAX` says how many.

    It takes effect for arenas that do not exist yet, so call it before threads start. Other C libraries are left alone.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_ARENA_MAX" not in os.environ:
        mallopt(M_ARENA_MAX, ARENAS)


def end_within(seconds: float, status: int) -> None:
    """Have this process end with `status` in so many seconds at the latest, whatever its threads are stuck in."""

    def end() -> None:
        time.sleep(seconds)
        logging.shutdown()
        os._exit(status)

    threading.Thread(target=end, name="ending", daemon=True).start()
