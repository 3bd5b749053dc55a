"""Time jumps: the machine sleeps, or its clock is set."""

import os
import signal
import time

from tests.machine.daemon import STATE, Daemon
from tests.machine.faults.fault import Fault, Outcome

ASLEEP_S = 15.0
"""Shorter than the watchdog's patience: in a real sleep the clock that systemd counts with stands still."""

SETTLED_S = 3.0
"""A device that was given up during the sleep is found out within so long."""

JUMP_S = 6 * 3600
"""Less than the 12 hours that what was said is kept."""

OFFSET = "/run/clock-offset"

ON_A_CLOCK_OF_ITS_OWN = f"""
[Service]
Environment=LD_PRELOAD={{library}} FAKETIME_TIMESTAMP_FILE={OFFSET} FAKETIME_CACHE_DURATION=1 DONT_FAKE_MONOTONIC=1
"""
"""It reads the file once a second: at every look at the clock, a start takes 9.2 s instead of 5.9 (median of 10), and
now and then does not end."""


def asleep(daemon: Daemon) -> Outcome:
    """Every process of the machine is stopped and continued. Unlike in a real sleep, clocks go on meanwhile and the
    sound card keeps its power."""
    pid = daemon.facts.pid
    processes = daemon.machine.processes()
    for process in reversed(processes):
        os.kill(process, signal.SIGSTOP)
    time.sleep(ASLEEP_S)
    woke = time.monotonic()
    for process in processes:
        os.kill(process, signal.SIGCONT)
    time.sleep(SETTLED_S)
    daemon.until_status("listening")
    back = [entry.at_s for entry in daemon.journal.since(woke) if entry.event == "device_back"]
    assert daemon.facts.pid == pid
    return Outcome("went on; no restart", max(back) - woke if back else None)


def clock_set(daemon: Daemon) -> Outcome:
    """A clock of the daemon's own is set, as the kernel's is everybody's. Only the time of day jumps, as it would."""
    (library,) = daemon.machine.path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    inside = "/" + str(library.relative_to(daemon.machine.path("/")))
    _set_clock(daemon, 0)
    with daemon.drop_in(ON_A_CLOCK_OF_ITS_OWN.format(library=inside)):
        daemon.start_anew()
        pid = daemon.facts.pid
        for offset_s in (JUMP_S, -JUMP_S):
            _set_clock(daemon, offset_s)
            daemon.answers_aloud()
            assert abs(_latest_exchange(daemon) - (time.time() + offset_s)) < 60, "the clock was not set"
        assert daemon.facts.pid == pid
    daemon.start_anew()
    return Outcome("went on answering; no restart", None)


def _set_clock(daemon: Daemon, offset_s: int) -> None:
    daemon.machine.write(OFFSET, f"{offset_s:+d}\n")


def _latest_exchange(daemon: Daemon) -> float:
    """When, by the daemon's clock."""
    return float(daemon.machine.run("python3", "-c", _LATEST, STATE))


_LATEST = """
import sqlite3, sys
((at,),) = sqlite3.connect(sys.argv[1]).execute("SELECT at FROM exchange ORDER BY id DESC LIMIT 1")
print(at)
"""

FAULTS = (
    Fault("suspend and resume", asleep),
    Fault("clock set six hours forward, then twelve back", clock_set),
)
