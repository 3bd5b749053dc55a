"""This process: what it has used so far, how it keeps its memory small, and the deadline for its end."""

import ctypes
import gc
import logging
import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

RETURNED = 4 << 20
"""Bytes from which an allocation is returned to the kernel when it is freed. glibc raises that on its own, up to 32 MB,
and keeps twice as much at the end of each arena."""

HEAP = {
    "MALLOC_ARENA_MAX": (-8, 2),
    "MALLOC_MMAP_THRESHOLD_": (-3, RETURNED),
    "MALLOC_TRIM_THRESHOLD_": (-1, RETURNED),
}
"""Settings of glibc's heap: the environment variable that overrides each, its number in malloc.h, and its value.

By default there are eight arenas for each core, and each keeps what it once needed. On two cores `assistant bench
soak` saw the daemon's own memory rise from 527 to 630 MB in 14 minutes of talk. With two arenas it stayed
between 557 and 601 MB for an hour, with large allocations returned as well between 530 and 580. Answers came as soon:
medians of 425, 396 and 434 ms in the first minutes.
"""


def seconds_since_start() -> float:
    """Return the seconds since the kernel started this process, interpreter start and imports included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # starttime, field 22 of proc(5), in ticks since boot
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def peak_memory_mb() -> float:
    """Return the largest resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def limit_heap() -> None:
    """Apply `HEAP` to glibc, except where an environment variable overrides it; other C libraries are left alone.

    The number of arenas limits those that do not exist yet, so call it before threads start.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for variable, (parameter, value) in HEAP.items():
            if variable not in os.environ:
                mallopt(parameter, value)


def freeze_heap() -> None:
    """Collect garbage, then exclude all objects that exist now from further collections.

    A full collection held up the daemon for 58 ms in the middle of a conversation, which is two blocks of audio; on an
    idle machine it takes 11 ms. Call it again when much has been replaced: excluded objects are freed by their
    reference counts only.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def exit_within(seconds: float, status: int, say: Callable[[], None] = lambda: None) -> None:
    """Make this process exit with `status` after `seconds` at the latest, whatever its threads are blocked in.

    `say` is called then: what would have been said if it had ended by itself.
    """

    def end() -> None:
        time.sleep(seconds)
        say()
        logging.shutdown()
        os._exit(status)

    threading.Thread(target=end, name="ending", daemon=True).start()
