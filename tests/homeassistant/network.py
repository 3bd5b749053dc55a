"""A network of its own for this process and those it starts: loopback, and a neighbourhood without neighbours."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

ADDRESS = "192.0.2.1"
"""Of this machine in that neighbourhood (RFC 5737)."""

CLONE_NEWNET = 0x40000000

_SET_UP = f"""
ip link set lo up
ip link add lan type veth peer name wall
ip link set wall up
ip link set lan up
ip address add {ADDRESS}/24 dev lan
ip route add 224.0.0.0/4 dev lan
"""


@contextmanager
def of_its_own() -> Iterator[None]:
    """Put this thread, and what it starts, into a new network as long as the context lasts. Needs root.

    What was opened before stays in the old one.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(libc.unshare(CLONE_NEWNET))
        try:
            subprocess.run(["sh", "-euc", _SET_UP], check=True)
            yield
        finally:
            _check(libc.setns(before, CLONE_NEWNET))
    finally:
        os.close(before)


def _check(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
