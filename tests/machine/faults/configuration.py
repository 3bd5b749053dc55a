"""The configuration is changed while it runs, for better or worse."""

import time

from tests.machine.daemon import NAMED, Daemon
from tests.machine.faults.fault import Fault, Outcome
from tests.machine.faults.moments import SPEAKING
from tests.machine.machine import wait_until

GOOD = NAMED + "asr: {language: en}\n"
BAD = NAMED + "asr: {language: Klingon}\n"

WRONG = 2
"""Exit status of a daemon whose configuration is wrong."""


def reloaded(daemon: Daemon) -> Outcome:
    pid = daemon.facts.pid
    daemon.configure(GOOD)
    with SPEAKING.reach(daemon):
        at = time.monotonic()
        daemon.systemctl("reload")
        read = daemon.journal.until(lambda entry: "asr.language" in entry.message, "word of the change", after=at)
        answer = daemon.journal.event("playback_finished", after=at)
        assert answer.fields["ASSISTANT_COMPLETE"] == "True", answer.message
    daemon.configure(NAMED)
    daemon.systemctl("reload")
    assert daemon.facts.pid == pid
    return Outcome(f"followed after {(read.at_s - at) * 1000:.0f} ms; the answer in progress went on", None)


def reloaded_wrong(daemon: Daemon) -> Outcome:
    pid = daemon.facts.pid
    daemon.configure(BAD)
    with SPEAKING.reach(daemon):
        at = time.monotonic()
        daemon.systemctl("reload")
        refused = daemon.journal.until(lambda entry: entry.code == "config.invalid", "refusal", after=at)
        assert "asr.language" in refused.message
        answer = daemon.journal.event("playback_finished", after=at)
        assert answer.fields["ASSISTANT_COMPLETE"] == "True", answer.message
    daemon.configure(NAMED)
    wait_until(lambda: daemon.facts.active == "active", "it stays reloading")
    assert daemon.facts.pid == pid
    return Outcome("refused with file, key and reason; the old one went on", None)


def wrong_at_start(daemon: Daemon) -> Outcome:
    daemon.configure(BAD)
    daemon.machine.attempt("systemctl", "restart", "assistant")
    facts = daemon.until_active("failed")
    assert (facts.exit_status, facts.restarts) == (WRONG, 0), facts
    daemon.configure(NAMED)
    began = time.monotonic()
    return Outcome("failed with status 2, not restarted; the journal says what to do", daemon.start_anew() - began)


FAULTS = (
    Fault("reload (SIGHUP) in the middle of an answer", reloaded),
    Fault("reload of a wrong configuration", reloaded_wrong),
    Fault("a wrong configuration at the start", wrong_at_start),
)
