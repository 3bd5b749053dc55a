"""A seccomp filter for a process that only computes: it may use what it has, and get nothing new.

The filter is a program for the kernel's own small machine (seccomp(2), bpf(4)): it is told the number of each system
call, and lets it pass, or has it fail with EPERM. libseccomp would have to be installed on every machine, and its
binding compiled, for what are forty numbers here.
"""

import ctypes
import errno
import platform
import struct

from assistant.host.landlock import forbid_privileges

PR_GET_SECCOMP, PR_SET_SECCOMP, MODE_FILTER = 21, 22, 2

ALLOW = 0x7FFF0000
FAIL = 0x00050000 | errno.EPERM
KILL_PROCESS = 0x80000000

LOAD, EQUAL, AT_LEAST, RETURN, AND = 0x20, 0x15, 0x35, 0x06, 0x54
"""BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_JMP|JGE|K, BPF_RET|K, BPF_ALU|AND|K."""

NUMBER_AT, ARCHITECTURE_AT, THIRD_ARGUMENT_AT = 0, 4, 32
"""Offsets in struct seccomp_data; of an argument its lower half, on a little-endian machine."""

PROT_EXEC = 4

X32 = 0x40000000
"""Numbers from here on are those of the x32 interface, by which the same calls could be made."""

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

NAMES = (
    "read", "write", "readv", "writev", "pread64", "lseek", "close", "fstat", "mmap", "mprotect", "munmap", "mremap",
    "brk", "madvise", "futex", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "clock_gettime",
    "clock_nanosleep", "nanosleep", "sched_yield", "sched_getaffinity", "getrandom", "getpid", "gettid", "tgkill",
    "exit", "exit_group", "restart_syscall", "getrusage", "gettimeofday", "membarrier",
)  # fmt: skip
"""Everything that takes memory, reads what is open, waits, or ends. `mmap` and `mprotect` only for memory that is not
run."""

NUMBERS = {
    "x86_64": (0, 1, 19, 20, 17, 8, 3, 5, 9, 10, 11, 25, 12, 28, 202, 13, 14, 15, 131, 228, 230, 35, 24, 204, 318, 39,
               186, 234, 60, 231, 219, 98, 96, 324),
    "aarch64": (63, 64, 65, 66, 67, 62, 57, 80, 222, 226, 215, 216, 214, 233, 98, 134, 135, 139, 132, 113, 115, 101,
                124, 123, 278, 172, 178, 131, 93, 94, 128, 165, 169, 283),
}  # fmt: skip
"""Of `NAMES`, as the kernel's tables have them (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic)."""


def is_supported() -> bool:
    """Whether there is a filter for this machine, and the kernel takes filters."""
    known = ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0  # also where a service manager hides /proc/sys
    return platform.machine() in NUMBERS and known


def only_compute() -> None:
    """Have every system call fail from now on but those of `NAMES`, for this thread and all it starts.

    No file can be opened, no connection made, no program or thread started, no other process touched. Raises `OSError`.
    """
    program = _program(platform.machine())
    buffer = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    forbid_privileges()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, MODE_FILTER, ctypes.c_char_p(head), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def _program(machine: str) -> bytes:
    numbers = dict(zip(NAMES, NUMBERS[machine], strict=True))
    mapping = [numbers.pop(name) for name in ("mmap", "mprotect")]
    steps = [
        _step(LOAD, ARCHITECTURE_AT),
        _step(EQUAL, ARCHITECTURES[machine], 1, 0),
        _step(RETURN, KILL_PROCESS),
        _step(LOAD, NUMBER_AT),
        _step(AT_LEAST, X32, 0, 1),
        _step(RETURN, KILL_PROCESS),
    ]
    for number in numbers.values():
        steps += [_step(EQUAL, number, 0, 1), _step(RETURN, ALLOW)]
    for number in mapping:
        steps += [
            _step(EQUAL, number, 0, 5),
            _step(LOAD, THIRD_ARGUMENT_AT),
            _step(AND, PROT_EXEC),
            _step(EQUAL, 0, 0, 1),
            _step(RETURN, ALLOW),
            _step(RETURN, FAIL),
        ]
    return b"".join([*steps, _step(RETURN, FAIL)])


def _step(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, when_true, when_false, value)
