"""Try the sound devices in a separate process (`sound`), which may hang or crash without harm."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from assistant.doctor.finding import Finding, failed
from assistant.doctor.sound import SoundTask
from assistant.host import children

DEADLINE_S = 25.0
"""Seconds for the whole probe. It usually takes 4; a device counts as dead after `MAX_OPENING_S` (5 s)."""

HUNG_SERVER_DEADLINE_S = 6.0
"""The same if the sound server is known not to answer."""

ORDER = ("microphone", "loudspeaker", "hearing", "playing", "echo")
RESTART = "restart the sound server: `systemctl --user restart pipewire pipewire-pulse`, or `pulseaudio -k`"
REPAIR = "check ~/.asoundrc and /etc/asound.conf for mistakes; `arecord -L` fails on them too"
"""Advice after a crash: PortAudio aborts the process if ALSA cannot read its configuration."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Output and end of the probe."""

    printed: bytes
    problem: str = ""
    """Why the probe failed; empty if it did not."""
    advice: str = ""


def check_devices(task: SoundTask, deadline_s: float) -> Iterator[Finding]:
    """Yield the findings of `sound`. If it hangs or crashes, the check in progress fails and the rest is left out."""
    outcome = _run(task, deadline_s)
    last = -1
    for line in outcome.printed.splitlines(keepends=True):
        if line.endswith(b"\n"):
            finding = msgspec.json.decode(line, type=Finding)
            last = ORDER.index(finding.check)
            yield finding
    if outcome.problem:
        yield failed(ORDER[min(last + 1, len(ORDER) - 1)], outcome.problem, outcome.advice)


def _run(task: SoundTask, deadline_s: float) -> ProbeResult:
    command = children.own_module("assistant.doctor.sound", msgspec.json.encode(task).decode())
    try:
        done = children.run(command, timeout_s=deadline_s)
    except children.TimeoutExpired as late:
        return ProbeResult(late.stdout or b"", f"the sound system did not answer within {deadline_s:.0f} s", RESTART)
    if done.returncode == 0:
        return ProbeResult(done.stdout)
    *_, last = done.stderr.decode(errors="replace").strip().splitlines() or [""]
    how = f"crashed ({signal.strsignal(-done.returncode)})" if done.returncode < 0 else f"failed: {last}"
    return ProbeResult(done.stdout, f"the sound system {how}", REPAIR)
