"""What this process has cost so far."""

import logging
import os
import resource
import threading
import time
from pathlib import Path


def seconds_since_start() -> float:
    """Seconds since the kernel started this process, interpreter start and imports included."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")  # starttime, field 22 of proc(5), in ticks since boot
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def peak_memory_mb() -> float:
    """Largest resident set so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def end_within(seconds: float, status: int) -> None:
    """Have this process end with `status` in so many seconds at the latest, whatever its threads are stuck in."""

    def end() -> None:
        time.sleep(seconds)
        logging.shutdown()
        os._exit(status)

    threading.Thread(target=end, name="ending", daemon=True).start()
