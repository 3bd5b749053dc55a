"""Landlock: a process gives up files, ports and signals for good, without privileges (Linux 5.13 and later).

The kernel's interface, landlock(7), is one struct and three system calls. The packages on PyPI that bind it stop at its
first version, which knows no ports.
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from enum import IntFlag
from pathlib import Path

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
"""System calls, whose numbers are the same on all architectures."""

GET_VERSION = 1
PATH_BENEATH, NET_PORT = 1, 2
PR_SET_NO_NEW_PRIVS = 38


class Access(IntFlag):
    """What may be done with files (LANDLOCK_ACCESS_FS_…)."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


BY_VERSION = {1: Access(0x1FFF), 2: Access(0x3FFF), 3: Access(0x7FFF), 4: Access(0x7FFF), 5: Access(0xFFFF)}
"""What each version of the interface can forbid."""

READ = Access.READ_FILE | Access.READ_DIR
RUN = READ | Access.EXECUTE
WRITE = READ | Access.WRITE_FILE | Access.TRUNCATE | Access.REMOVE_FILE | Access.REMOVE_DIR | Access.REFER
WRITE |= Access.MAKE_DIR | Access.MAKE_REG | Access.MAKE_SOCK | Access.MAKE_FIFO
DEVICE = READ | Access.WRITE_FILE | Access.IOCTL_DEV
FILE_ONLY = Access.EXECUTE | Access.WRITE_FILE | Access.READ_FILE | Access.TRUNCATE | Access.IOCTL_DEV
"""What a rule for something other than a folder may allow."""

BIND_TCP, CONNECT_TCP = 1, 2
SCOPE_ABSTRACT_UNIX, SCOPE_SIGNAL = 1, 2

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """Return the version of the kernel's interface; 0 where there is none, or it is switched off."""
    known: int = _libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(GET_VERSION))
    return max(0, known)


def restrict(
    allowed: Iterable[tuple[Path, Access]],
    *,
    bind: Iterable[int] | None = (),
    connect: Iterable[int] | None = (),
    signals: bool = False,
) -> int:
    """Give up all files but those `allowed`, with what lies beneath them, for this thread and all it starts.

    TCP ports likewise (None: all are kept), signals to other processes unless `signals`. Paths that do not exist are
    left out. What the kernel does not know stays possible; returns its version. Raises `OSError`.
    """
    known = version()
    if known == 0:
        return 0
    handled = BY_VERSION[min(known, max(BY_VERSION))]
    net = (BIND_TCP if bind is not None else 0) | (CONNECT_TCP if connect is not None else 0) if known >= 4 else 0
    scoped = (0 if signals else SCOPE_SIGNAL) if known >= 6 else 0
    attributes = struct.pack("<QQQ", handled, net, scoped)
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = _call(CREATE_RULESET, ctypes.c_char_p(attributes), ctypes.c_size_t(size), ctypes.c_uint(0))
    try:
        for path, access in allowed:
            _allow_path(ruleset, path, access & handled)
        for right, ports in ((BIND_TCP, bind), (CONNECT_TCP, connect)):
            for port in ports or () if net & right else ():
                rule = struct.pack("<QQ", right, port)
                _call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(NET_PORT), ctypes.c_char_p(rule), ctypes.c_uint(0))
        forbid_privileges()
        _call(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint(0))
    finally:
        os.close(ruleset)
    return known


def forbid_privileges() -> None:
    """Let no program that this one starts get more rights than it has (setuid), which both Landlock and seccomp want.

    Raises `OSError`.
    """
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs cannot be set")


def _allow_path(ruleset: int, path: Path, access: Access) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there, or cannot be reached, needs no rule
    try:
        rule = struct.pack("<Qi", access if path.is_dir() else access & FILE_ONLY, opened)
        _call(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(PATH_BENEATH), ctypes.c_char_p(rule), ctypes.c_uint(0))
    finally:
        os.close(opened)


def _call(number: int, *arguments: object) -> int:
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"Landlock: {os.strerror(error)}")
    return result
