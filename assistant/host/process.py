"""This process: what it has cost so far, how it keeps its memory, when it ends at the latest."""

import ctypes
import gc
import logging
import os
import resource
import threading
import time
from pathlib import Path

RETURNED = 4 << 20
"""Bytes: what is as large is given back when it is freed. glibc raises that on its own, up to 32 MB, and keeps twice as
much at the end of each arena."""

HEAP = {
    "MALLOC_ARENA_MAX": (-8, 2),
    "MALLOC_MMAP_THRESHOLD_": (-3, RETURNED),
    "MALLOC_TRIM_THRESHOLD_": (-1, RETURNED),
}
"""What glibc's heap is told: by the variable that goes first, the number of the parameter in malloc.h and its value.

As a rule there are eight arenas for each core, and each keeps what it once needed. On two cores `assistant bench
soak` saw the memory of the daemon's own rise from 527 to 630 MB in 14 minutes of talk. With two arenas it lay
between 557 and 601 MB, for an hour; with large pieces given back as well between 530 and 580, for an hour. The voice
answered as soon: medians of 425, 396 and 434 ms in the first minutes.
"""


def seconds_since_start() -> float:
    """Seconds since the kernel started this process, interpreter start and imports included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # starttime, field 22 of proc(5), in ticks since boot
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def peak_memory_mb() -> float:
    """Largest resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def keep_heap_small() -> None:
    """Tell glibc's heap `HEAP`, but for what a variable of the environment says; other C libraries are left alone.

    The number of arenas holds for those that do not exist yet, so call it before threads start.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for variable, (parameter, value) in HEAP.items():
            if variable not in os.environ:
                mallopt(parameter, value)


def spare_what_is_here() -> None:
    """Have the garbage collector pass over what there is now, which stays, from now on; what is garbage goes first.

    A collection of everything held up the daemon for 58 ms in the middle of a talk, which is two blocks of audio; it
    takes 11 ms when the machine has nothing else to do. Call it again when much has been replaced: what is passed over
    is freed by its count of references only.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def end_within(seconds: float, status: int) -> None:
    """Have this process end with `status` in so many seconds at the latest, whatever its threads are stuck in."""

    def end() -> None:
        time.sleep(seconds)
        logging.shutdown()
        os._exit(status)

    threading.Thread(target=end, name="ending", daemon=True).start()
