"""The sound devices, tried by a process of their own (`sound`) that may hang or crash without harm."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from assistant.doctor.finding import Finding, failed
from assistant.doctor.sound import Task

DEADLINE_S = 25.0
"""Seconds for everything. It takes 4, and each device may take `MAX_OPENING_S` (5 s) before it counts as dead."""

HOPELESS_S = 6.0
"""The same where the sound server is known not to answer."""

ORDER = ("microphone", "loudspeaker", "hearing", "playing", "echo")
RESTART = "restart the sound server: `systemctl --user restart pipewire pipewire-pulse`, or `pulseaudio -k`"
REPAIR = "look for a mistake in ~/.asoundrc and /etc/asound.conf, with which `arecord -L` fails too"
"""PortAudio aborts the process when ALSA cannot read its configuration."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the process ended."""

    printed: bytes
    problem: str = ""
    """Why it did not end in order; empty if it did."""
    advice: str = ""


def check(task: Task, deadline_s: float) -> Iterator[Finding]:
    """Findings of `sound`. Where it hung or crashed that check failed, and what would come after it is left out."""
    outcome = _run(task, deadline_s)
    last = -1
    for line in outcome.printed.splitlines(keepends=True):
        if line.endswith(b"\n"):
            finding = msgspec.json.decode(line, type=Finding)
            last = ORDER.index(finding.check)
            yield finding
    if outcome.problem:
        yield failed(ORDER[min(last + 1, len(ORDER) - 1)], outcome.problem, outcome.advice)


def _run(task: Task, deadline_s: float) -> Outcome:
    command = [sys.executable, "-m", "assistant.doctor.sound", msgspec.json.encode(task).decode()]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=deadline_s, check=False)
    except subprocess.TimeoutExpired as late:
        return Outcome(late.stdout or b"", f"the sound system does not answer within {deadline_s:.0f} s", RESTART)
    if done.returncode == 0:
        return Outcome(done.stdout)
    *_, last = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    how = f"crashed ({signal.strsignal(-done.returncode)})" if done.returncode < 0 else f"broke off: {last}"
    return Outcome(done.stdout, f"the sound system {how}", REPAIR)
