"""The process hangs, or fails again and again."""

import os
import signal
import time
from functools import partial

import pytest

from assistant.errors import AssistantError, Code
from tests.machine.daemon import Daemon
from tests.machine.faults.fault import Fault, Outcome
from tests.machine.machine import wait_until

WATCHDOG_S = 30.0
KILLED_S = 12.0
"""A process that stands still does not even die of the watchdog's signal; systemd waits 10 s before it kills it."""

MOST_STARTS = 20
"""The start limit of any unit that deserves the name is lower."""


def stands_still(daemon: Daemon) -> Outcome:
    stopped = time.monotonic()
    os.kill(daemon.pid, signal.SIGSTOP)
    noticed = daemon.journal.until(lambda entry: "Watchdog timeout" in entry.message, "watchdog", after=stopped)
    assert noticed.at_s - stopped < WATCHDOG_S + 1
    listening = daemon.until_listening(after=noticed.at_s)
    facts = daemon.until_active("active")
    assert facts.restarts == 1
    return Outcome(
        f"the watchdog noticed after {noticed.at_s - stopped:.0f} s; systemd started it again", listening - stopped
    )


def fails_again_and_again(daemon: Daemon) -> Outcome:
    starts = 0
    began = time.monotonic()
    while (facts := daemon.facts).active != "failed":
        if facts.pid:
            starts += 1
            assert starts < MOST_STARTS, "it is started for ever"
            os.kill(daemon.pid, signal.SIGKILL)
            wait_until(partial(_has_gone, daemon, facts.pid), "it survives")
        time.sleep(0.05)
    gave_up_s = time.monotonic() - began
    assert facts.result in {"start-limit-hit", "signal"}, facts
    daemon.journal.until(lambda entry: "Start request repeated too quickly" in entry.message, "end", after=began)
    with pytest.raises(AssistantError) as nobody:
        daemon.call("status")
    assert nobody.value.code is Code.IPC_UNAVAILABLE
    assert "failed" in daemon.machine.attempt("/opt/assistant/bin/assistant", "service", "status").stdout
    began = time.monotonic()
    listening = daemon.start_anew()
    return Outcome(
        f"given up after {starts} starts in {gave_up_s:.0f} s; `assistant service status` says so", listening - began
    )


def _has_gone(daemon: Daemon, pid: int) -> bool:
    return daemon.facts.pid != pid


FAULTS = (
    Fault("the process stands still (SIGSTOP)", stands_still),
    Fault("it is killed again and again", fails_again_and_again),
)
