"""ProcessReading what another process costs."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from assistant.bench.soak.process_monitor import ProcessMonitor

CHILD = """
import sys, threading, time
print("ready", flush=True)
kept = []
for line in sys.stdin:
    match line.strip():
        case "grow": kept.append(bytearray(b"x" * 32 * 2**20))
        case "open": kept.append(open("/dev/null"))
        case "start": threading.Thread(target=threading.Event().wait, daemon=True).start()
        case "work": any(time.process_time() > end for end in [time.process_time() + 0.3] for _ in iter(int, 1))
        case "wait": [time.sleep(0.001) for _ in range(100)]
    print("done", flush=True)
"""


class Child:
    """A process that obeys commands on its standard input."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._until("ready")
        self.monitor = ProcessMonitor(self.process.pid)

    def do(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        self._until("done")

    def _until(self, said: str) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"{said}\n"


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.process.kill()
    child.process.communicate()


def test_memory_files_and_threads_are_counted(child: Child) -> None:
    before = child.monitor.read()
    child.do("grow")
    child.do("open")
    child.do("start")
    after = child.monitor.read()
    assert 31 < after.anonymous_mb - before.anonymous_mb < 40
    assert after.memory_mb > after.anonymous_mb
    assert after.files == before.files + 1
    assert after.threads == before.threads + 1


def test_work_is_processor_time_and_waiting_is_wakeups(child: Child) -> None:
    first = child.monitor.read()
    child.do("work")
    worked = child.monitor.read()
    child.do("wait")
    waited = child.monitor.read()
    assert worked.processor_s - first.processor_s >= 0.25
    assert 100 <= waited.wakeups - worked.wakeups < 200
    assert worked.wakeups - first.wakeups < 50


def test_each_thread_is_read_separately(child: Child) -> None:
    child.do("start")
    child.do("wait")
    before = child.monitor.threads()
    child.do("wait")
    after = child.monitor.threads()
    assert len(after) == 2
    main = child.process.pid
    assert after[main].wakeups - before[main].wakeups >= 100
    [other] = after.keys() - {main}
    assert after[other].wakeups == before[other].wakeups


def test_a_process_that_has_ended_is_an_error_before_and_after_its_parent_has_waited(child: Child) -> None:
    child.process.kill()
    os.waitid(os.P_PID, child.process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ProcessLookupError):
        child.monitor.read()
    child.process.wait()
    with pytest.raises(ProcessLookupError):
        child.monitor.read()
