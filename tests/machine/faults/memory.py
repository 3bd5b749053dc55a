"""There is no memory."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from assistant.errors import AssistantError
from tests.conftest import SPEECH
from tests.machine.daemon import LONG_ANSWER, UNIT, Daemon
from tests.machine.faults.fault import Fault, Outcome
from tests.machine.journal import Entry
from tests.machine.machine import wait_until

DICTATION = SPEECH / "clips" / "dict_jfk.wav"
"""Recognising this takes some 20 MB more than recognising a question."""

FOR_LITTLE = 10 * 2**20
"""Bytes with which everything goes on but that."""

FOR_NOTHING = 2**20
"""Bytes with which not even a thread can be started."""

MEMORY_V1 = Path("/sys/fs/cgroup/memory")
"""Where control groups of version 1 limit memory; with version 2 systemd does."""


def refused_to_engine(daemon: Daemon) -> Outcome:
    """The kernel refuses memory to an engine at work."""
    daemon.answers_aloud()  # it has what a question needs
    with _data_limited(daemon, FOR_LITTLE):
        limited = time.monotonic()
        daemon.room.speak(DICTATION)
        failed = daemon.journal.until(_turn_or_process_ended, "end of the turn or of the process", after=limited)
    return _outcome(daemon, limited, failed)


def refused_to_all(daemon: Daemon) -> Outcome:
    """The kernel refuses memory to whatever asks for it."""
    with _data_limited(daemon, FOR_NOTHING):
        limited = time.monotonic()
        daemon.room.speak(LONG_ANSWER)
        failed = daemon.journal.until(_turn_or_process_ended, "end of the turn or of the process", after=limited)
    return _outcome(daemon, limited, failed)


def killed(daemon: Daemon) -> Outcome:
    """Its control group has no memory left, and the kernel kills it."""
    limited = time.monotonic()
    with _group_limited(daemon):
        daemon.room.speak(LONG_ANSWER)
        ended = daemon.journal.until(_process_ended, "end of the process", after=limited)
    listening = daemon.until_listening(after=ended.at_s)  # before its end it may have listened again
    return Outcome("killed by the kernel; systemd started it again", listening - limited, "the question")


def _outcome(daemon: Daemon, limited: float, failed: Entry) -> Outcome:
    """Which call of which library is refused decides what becomes of it; what was freed before may even do."""
    wait_until(partial(_responds, daemon), "it does not respond")
    daemon.until_status("listening")  # what a process that was started anew has heard of the rest is answered
    since = daemon.journal.since(limited)
    if ended := next(filter(_process_ended, since), None):
        hung = any("Watchdog timeout" in entry.message for entry in since)
        happened = "it hung, which the watchdog noticed" if hung else "it ended"
        recovered_s = daemon.until_listening(after=ended.at_s) - failed.at_s
        return Outcome(f"{happened}; systemd started it again", recovered_s, "the question")
    if (code := failed.fields["ASSISTANT_ERROR"]) == "None":
        return Outcome("answered with the memory that it had", None)
    recovered_s = daemon.until_listening(after=failed.at_s) - failed.at_s
    return Outcome(f"the turn failed with {code}; no restart", recovered_s, "the question")


def _responds(daemon: Daemon) -> bool:
    try:
        daemon.call("status")
    except AssistantError:  # it ended while it was asked
        return False
    return True


def _turn_or_process_ended(entry: Entry) -> bool:
    return entry.event == "turn_finished" or _process_ended(entry)


def _process_ended(entry: Entry) -> bool:
    return entry.message.startswith(f"{UNIT}: Main process exited")


@contextmanager
def _data_limited(daemon: Daemon, more: int) -> Iterator[None]:
    """Its process may have so many more bytes than it has."""
    pid = daemon.facts.pid
    (kibibytes,) = re.findall(r"VmData:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text())
    _limit(daemon, pid, str(int(kibibytes) * 1024 + more))
    yield
    _limit(daemon, pid, "unlimited")


def _limit(daemon: Daemon, pid: int, size: str) -> None:
    """RLIMIT_DATA, not RLIMIT_AS: the C library reserves addresses long before it asks for memory there."""
    daemon.machine.attempt("prlimit", f"--pid={pid}", f"--data={size}:", user="assistant")


@contextmanager
def _group_limited(daemon: Daemon) -> Iterator[None]:
    """Its control group may have no more memory than it has."""
    if not MEMORY_V1.is_dir():
        daemon.machine.run("systemctl", "set-property", "--runtime", UNIT, "MemoryMax=16M")
        yield
        daemon.machine.run("systemctl", "set-property", "--runtime", UNIT, "MemoryMax=infinity")
        return
    group = MEMORY_V1 / f"assistant-machine-{daemon.pid}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(FOR_NOTHING))
        (group / "cgroup.procs").write_text(str(daemon.pid))
        yield
    finally:
        group.rmdir()


FAULTS = (
    Fault("out of memory in an engine", refused_to_engine),
    Fault("out of memory altogether", refused_to_all),
    Fault("out of memory, killed by the kernel", killed),
)
