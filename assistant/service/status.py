"""How the service is: what its manager says of it, in words, and what to do when it is not well."""

from datetime import UTC, datetime

import msgspec

from assistant.service.layout import UNIT, Layout
from assistant.service.systemd import Systemd

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
"""What `systemctl show` prints for a number that it does not have."""

EXITS = {
    1: "something failed",
    2: "the configuration is wrong",
    4: "models are missing or damaged",
    5: "a newer program wrote what it remembers",
    203: "the program cannot be executed (EXEC)",
    216: "its group does not exist (GROUP)",
    217: "its user does not exist (USER)",
    226: "its sandbox could not be made (NAMESPACE)",
    228: "the filter of system calls could not be made (SECCOMP)",
}
"""What `assistant run` and systemd (systemd.exec(5)) mean by an exit status."""

RESULTS = {
    "watchdog": "it gave no sign of life, and was killed (watchdog)",
    "oom-kill": "the machine ran out of memory, and it was killed",
    "signal": "a signal killed it",
    "core-dump": "it crashed",
    "timeout": "it was not ready, or did not end, in time",
    "protocol": "it ended before it was ready",
    "start-limit-hit": "it was started too often in a short time; no more attempts are made",
    "resources": "the machine did not give it what it needs",
}
"""Results other than an exit status (org.freedesktop.systemd1(5), "Result")."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What `assistant service status --json` prints."""

    unit: str
    installed: bool
    enabled: bool
    """Whether it starts by itself."""
    active: str
    """active, reloading, inactive, failed, activating or deactivating."""
    detail: str
    """The finer state: running, auto-restart, dead …"""
    text: str
    """What the daemon says about itself."""
    since: str | None
    """When it came into this state: ISO 8601, UTC."""
    restarts: int
    """How often it was restarted by itself since somebody started it."""
    result: str
    """How it ended the last time, if it is not well: a word of systemd's; "success" otherwise."""
    exit_status: int | None
    pid: int | None
    memory_bytes: int | None

    @property
    def is_up(self) -> bool:
        return self.active in {"active", "reloading"}

    @property
    def why(self) -> str:
        """How it ended the last time, in words; empty if that was as it should be."""
        if self.result == "exit-code" and self.exit_status is not None:
            return EXITS.get(self.exit_status, f"it ended with exit status {self.exit_status}")
        return "" if self.result in {"", "success"} else RESULTS.get(self.result, self.result)


def read_status(systemd: Systemd, unit: str = UNIT) -> Status:
    """Ask the service manager about `unit`."""
    shown = systemd.ask("show", "--timestamp=unix", f"--property={','.join(PROPERTIES)}", unit)
    return parse(shown, unit)


def parse(shown: str, unit: str = UNIT) -> Status:
    """What `systemctl show --timestamp=unix` prints about `unit`."""
    found = dict(line.partition("=")[::2] for line in shown.splitlines())
    return Status(
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


def lines(status: Status, layout: Layout) -> list[tuple[str, str]]:
    """The status for people: what, and how it is."""
    if not status.installed:
        return [("service", "not installed"), ("to do", f"assistant service install{layout.option}")]
    told = [
        ("service", f"{status.active} ({status.detail})" + (f": {status.text}" if _holds(status) else "")),
        ("since", status.since or "-"),
        ("starts by itself", "yes" if status.enabled else "no"),
        ("restarts", f"{status.restarts}{', then given up' if status.active == 'failed' and status.restarts else ''}"),
    ]
    if status.why:
        told.append(("last end", status.why))
    if status.pid:
        told.append(("process", str(status.pid)))
    if status.memory_bytes:
        told.append(("memory", f"{status.memory_bytes / 1e6:.0f} MB"))
    return told + [("to do", what) for what in advice(status, layout)]


def advice(status: Status, layout: Layout) -> list[str]:
    """What to do about it; nothing if it is well."""
    systemctl = f"systemctl{layout.option}"
    if status.active == "failed":
        remedy = [cure] if (cure := _cure(status, layout)) else []
        again = f"{systemctl} reset-failed {UNIT} && {systemctl} start {UNIT}"
        return [f"{layout.journal} -n 50 shows why", *remedy, f"{again} tries again"]
    if status.active == "inactive":
        return [f"{systemctl} start {UNIT}"]
    if status.why:
        return [f"{layout.journal} -n 50 shows why it was restarted"]
    return []


def _cure(status: Status, layout: Layout) -> str:
    """What helps where restarting does not."""
    if status.result != "exit-code":
        return ""
    match status.exit_status:
        case 2:
            return f"assistant config check {layout.config} shows what is wrong with it"
        case 4:
            return f"assistant service install{layout.option} fetches them"
        case 5:
            return "install the newer program again, or move the file that the journal names away to begin anew"
    return ""


def _holds(status: Status) -> bool:
    """Whether what the daemon said last tells how it is: also of one that failed, not of one that was stopped."""
    return bool(status.text) and status.active != "inactive"


def _number(text: str) -> int | None:
    return None if text in UNKNOWN or not text.isdecimal() else int(text)


def _moment(text: str) -> str | None:
    """`@1795578735` (since 1970) as ISO 8601; None for what never happened."""
    seconds = _number(text.removeprefix("@"))
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
