"""What the process says of itself."""

import os
import subprocess
import sys

import pytest


def test_time_since_start_counts_from_the_process_not_from_the_import() -> None:
    script = (
        "import time; time.sleep(0.3); from assistant.host.process import seconds_since_start as s; "
        "a = s(); assert 0.3 <= a < 60, a; assert s() >= a"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


TOUCHED = """
from assistant.host.process import peak_memory_mb

before = peak_memory_mb()
block = b"x" * (int(before) + 64) * 1024 * 1024
assert peak_memory_mb() > before + 64, (before, peak_memory_mb())
del block
assert peak_memory_mb() > before + 64, (before, peak_memory_mb())
"""


def test_peak_memory_grows_with_what_is_touched() -> None:
    """In a process of its own, whose peak is not far above what it has."""
    subprocess.run([sys.executable, "-c", TOUCHED], check=True)


ARENAS_OF_EIGHT_THREADS = """
import ctypes, threading
from assistant.host.process import limit_heap

limit_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
met = threading.Barrier(8)

def work():
    libc.malloc(1000)
    met.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.parametrize(("most", "arenas"), [("", 2), ("4", 4)])
def test_threads_share_the_arenas_of_the_heap_unless_the_user_says_otherwise(most: str, arenas: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    if most:
        environment["MALLOC_ARENA_MAX"] = most
    told = subprocess.run(
        [sys.executable, "-c", ARENAS_OF_EIGHT_THREADS], env=environment, check=True, capture_output=True, text=True
    ).stdout
    assert told.count("<heap nr=") == arenas


LARGE_PIECE = """
import ctypes, re
from assistant.host.process import RETURNED, limit_heap

limit_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
size = 24 << 20

def resident():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10

for _ in range(2):  # what is freed once is what glibc learns from
    piece = libc.malloc(size)
    ctypes.memset(piece, 1, size)
    libc.malloc(1000)  # lies above it, where it is not mapped
    full = resident()
    libc.free(piece)
    assert full - resident() > size - RETURNED, (full, resident())
"""


def test_a_large_piece_is_given_back_when_it_is_freed() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    subprocess.run([sys.executable, "-c", LARGE_PIECE], env=environment, check=True)


SPARED = """
import gc, weakref
from assistant.host.process import freeze_heap

class Knot:
    def __init__(self):
        self.itself = self

gc.disable()
garbage, kept = weakref.ref(Knot()), Knot()
freeze_heap()
assert garbage() is None
assert not any(each is kept for each in gc.get_objects())
replaced = weakref.ref(kept)
del kept
freeze_heap()
assert replaced() is None
"""


def test_what_is_here_is_passed_over_by_the_garbage_collector_until_it_is_replaced() -> None:
    subprocess.run([sys.executable, "-c", SPARED], check=True)
