"""The service: what the service managers of the system and of this user say about it."""

import math
from dataclasses import dataclass, field

from assistant.doctor.command import Hung, run_session
from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.service.layout import SOCKET_UNIT, UNIT, Layout
from assistant.service.status import Status, advice, read_status
from assistant.service.systemd import Systemd

NO_WATCHDOG = {"", "0", "infinity"}
"""`WatchdogUSec` of a unit without one, or that does not run."""


@dataclass(frozen=True, slots=True)
class Service:
    """The service of one installation."""

    layout: Layout
    status: Status | None = None
    """None where no service manager answers."""
    problem: str = ""
    """Why not, where one should have answered."""
    properties: dict[str, str] = field(default_factory=dict)
    """What systemd calls `WatchdogUSec` and `MemoryMax`."""
    listens: bool = False
    """systemd has its socket open."""

    @property
    def installed(self) -> bool:
        return self.status is not None and self.status.installed

    @property
    def waits_for_a_client(self) -> bool:
        """The first connection to the socket would start the daemon."""
        return self.listens and self.status is not None and self.status.active in {"inactive", "failed"}

    @property
    def memory_max_mb(self) -> float:
        """MiB that the unit allows the daemon, infinity for no limit."""
        given = self.properties.get("MemoryMax", "")
        return int(given) / 2**20 if given.isdecimal() and self.installed else math.inf


def look_at(layout: Layout) -> Service:
    """Ask the service manager of `layout`."""
    systemd = Systemd(layout, run_session)
    try:
        status = read_status(systemd)
        shown = systemd.ask("show", "--property=WatchdogUSec,MemoryMax", UNIT)
        listens = "ActiveState=active" in systemd.ask("show", "--property=ActiveState", SOCKET_UNIT)
    except Hung as hung:
        return Service(layout, problem=str(hung))
    if not status.active:
        return Service(layout)
    return Service(layout, status, "", dict(line.partition("=")[::2] for line in shown.splitlines()), listens)


def check(service: Service) -> Finding:
    name = "service" if service.layout.whose == "system" else "user_service"
    if service.problem:
        return failed(name, service.problem, "the service manager hangs: `journalctl -e` may say why, a restart helps")
    if (status := service.status) is None:
        return ok(name, "no service manager (systemd) answers here")
    if not status.installed:
        return ok(name, "not installed")
    to_do = "; ".join(advice(status, service.layout))
    if status.active == "failed":
        return failed(name, f"failed: {status.why or status.result}", to_do)
    if status.detail == "auto-restart":
        return failed(name, f"{status.why or 'it ended'}; restart {status.restarts + 1} follows", to_do)
    if status.active == "inactive":
        return warning(name, "installed, and not running", to_do)
    return _running(name, service, status)


def _running(name: str, service: Service, status: Status) -> Finding:
    found = f"{status.active}: {status.text}" if status.text else status.active
    systemctl = f"systemctl{service.layout.option}"
    if status.restarts:
        return warning(name, f"{found}; restarted {status.restarts} times", f"{service.layout.journal} -e shows why")
    if not status.enabled:
        return warning(name, f"{found}; it does not start by itself", f"{systemctl} enable {UNIT}")
    watchdog = service.properties.get("WatchdogUSec", "")
    if watchdog not in NO_WATCHDOG:
        return ok(name, f"{found}; watchdog {watchdog}")
    if not status.is_up:
        return ok(name, found)
    return warning(
        name, f"{found}; no watchdog", f"WatchdogSec=30 (`{systemctl} edit {UNIT}`) has it restarted when it hangs"
    )
