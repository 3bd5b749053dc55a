"""The state of the service as systemd reports it, in words, with remedies."""

from datetime import UTC, datetime

import msgspec

from assistant.service.layout import UNIT, Layout
from assistant.service.systemd import Systemctl

PROPERTIES = (
    "LoadState",
    "UnitFileState",
    "ActiveState",
    "SubState",
    "StatusText",
    "StateChangeTimestamp",
    "NRestarts",
    "Result",
    "ExecMainStatus",
    "MainPID",
    "MemoryCurrent",
)

UNKNOWN = {"", "[not set]", "infinity", "18446744073709551615"}
"""Values that `systemctl show` prints for an unset number."""

EXITS = {
    1: "something failed",
    2: "the configuration is wrong",
    4: "models are missing or damaged",
    5: "a newer program wrote what it remembers",
    203: "the program cannot be executed (EXEC)",
    216: "its group does not exist (GROUP)",
    217: "its user does not exist (USER)",
    226: "its sandbox could not be set up (NAMESPACE)",
    228: "its system call filter could not be set up (SECCOMP)",
}
"""Meaning of an exit status, of `assistant run` and of systemd (systemd.exec(5))."""

RESULTS = {
    "watchdog": "it stopped responding and was killed by the watchdog",
    "oom-kill": "it was killed because the machine ran out of memory",
    "signal": "it was killed by a signal",
    "core-dump": "it crashed",
    "timeout": "it did not start or stop in time",
    "protocol": "it exited before it was ready",
    "start-limit-hit": "it failed too often in a short time and is no longer restarted",
    "resources": "the system lacked the resources to start it",
}
"""Meaning of results other than an exit status (org.freedesktop.systemd1(5), "Result")."""


class UnitStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant service status --json` prints."""

    unit: str
    installed: bool
    enabled: bool
    """Whether it starts at boot or login."""
    active: str
    """active, reloading, inactive, failed, activating or deactivating."""
    detail: str
    """The finer state: running, auto-restart, dead …"""
    text: str
    """The daemon's own status line (STATUS=)."""
    since: str | None
    """Time of the last state change: ISO 8601, UTC."""
    restarts: int
    """Number of automatic restarts since it was last started by hand."""
    result: str
    """systemd's word for how the last run ended; "success" unless it failed."""
    exit_status: int | None
    pid: int | None
    memory_bytes: int | None

    @property
    def is_up(self) -> bool:
        return self.active in {"active", "reloading"}

    @property
    def why(self) -> str:
        """Why the last run failed, in words; empty if it did not."""
        if self.result == "exit-code" and self.exit_status is not None:
            return EXITS.get(self.exit_status, f"it exited with status {self.exit_status}")
        return "" if self.result in {"", "success"} else RESULTS.get(self.result, self.result)


def read_status(systemd: Systemctl, unit: str = UNIT) -> UnitStatus:
    """Ask systemd for the status of `unit`."""
    answer = systemd.query("show", "--timestamp=unix", f"--property={','.join(PROPERTIES)}", unit)
    return parse_status(answer, unit)


def parse_status(shown: str, unit: str = UNIT) -> UnitStatus:
    """Parse the output of `systemctl show --timestamp=unix` for `unit`."""
    found = dict(line.partition("=")[::2] for line in shown.splitlines())
    return UnitStatus(
        unit=unit,
        installed=found.get("LoadState") == "loaded",
        enabled=found.get("UnitFileState") == "enabled",
        active=found.get("ActiveState", ""),
        detail=found.get("SubState", ""),
        text=found.get("StatusText", ""),
        since=_moment(found.get("StateChangeTimestamp", "")),
        restarts=_number(found.get("NRestarts", "")) or 0,
        result=found.get("Result", ""),
        exit_status=_number(found.get("ExecMainStatus", "")),
        pid=_number(found.get("MainPID", "")) or None,
        memory_bytes=_number(found.get("MemoryCurrent", "")),
    )


def status_lines(status: UnitStatus, layout: Layout) -> list[tuple[str, str]]:
    """Return the status as pairs of label and text."""
    if not status.installed:
        return [("service", "not installed"), ("to do", f"assistant service install{layout.option}")]
    shown = [
        ("service", f"{status.active} ({status.detail})" + (f": {status.text}" if _holds(status) else "")),
        ("since", status.since or "-"),
        ("starts at login" if layout.whose == "user" else "starts at boot", "yes" if status.enabled else "no"),
        ("restarts", f"{status.restarts}{' (gave up)' if status.active == 'failed' and status.restarts else ''}"),
    ]
    if status.why:
        shown.append(("last failure", status.why))
    if status.pid:
        shown.append(("process", str(status.pid)))
    if status.memory_bytes:
        shown.append(("memory", f"{status.memory_bytes / 1e6:.0f} MB"))
    return shown + [("to do", what) for what in remedies(status, layout)]


def remedies(status: UnitStatus, layout: Layout) -> list[str]:
    """Return what to do about it; empty if the service is healthy."""
    systemctl = f"systemctl{layout.option}"
    if status.active == "failed":
        remedy = [cure] if (cure := _cure(status, layout)) else []
        again = f"{systemctl} reset-failed {UNIT} && {systemctl} start {UNIT}"
        return [f"{layout.journal} -n 50 shows why", *remedy, f"{again} starts it again"]
    if status.active == "inactive":
        return [f"{systemctl} start {UNIT}"]
    if status.why:
        return [f"{layout.journal} -n 50 shows why it was restarted"]
    return []


def _cure(status: UnitStatus, layout: Layout) -> str:
    """Return the remedy for a failure that a restart does not fix, or an empty string."""
    if status.result != "exit-code":
        return ""
    match status.exit_status:
        case 2:
            return f"assistant config check {layout.config} shows the error"
        case 4:
            return f"assistant service install{layout.option} downloads them"
        case 5:
            return "install the newer version again, or move the file that the journal names away to start afresh"
    return ""


def _holds(status: UnitStatus) -> bool:
    """Return whether the status line is current: after a failure it is, after a stop it is not."""
    return bool(status.text) and status.active != "inactive"


def _number(text: str) -> int | None:
    return None if text in UNKNOWN or not text.isdecimal() else int(text)


def _moment(text: str) -> str | None:
    """Convert `@1795578735` (seconds since 1970) to ISO 8601; None if the event never happened."""
    seconds = _number(text.removeprefix("@"))
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
