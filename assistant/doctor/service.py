"""Check the service, as the service managers of the system and of this user report it."""

import math
from dataclasses import dataclass, field

from assistant.doctor.command import CommandTimeout, run_in_session
from assistant.doctor.finding import Finding, failed, ok, warning
from assistant.service.layout import SOCKET_UNIT, UNIT, Layout
from assistant.service.status import UnitStatus, read_status, remedies
from assistant.service.systemd import Systemctl

NO_WATCHDOG = {"", "0", "infinity"}
"""`WatchdogUSec` of a unit that has no watchdog or is not running."""


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known about the service of one installation."""

    layout: Layout
    status: UnitStatus | None = None
    """None if no service manager answers."""
    problem: str = ""
    """Why the service manager did not answer; empty if it did or does not exist."""
    properties: dict[str, str] = field(default_factory=dict)
    """systemd's properties `WatchdogUSec` and `MemoryMax`."""
    listens: bool = False
    """Whether systemd listens on its socket."""

    @property
    def installed(self) -> bool:
        return self.status is not None and self.status.installed

    @property
    def is_socket_activated(self) -> bool:
        """Whether a connection to the socket would start the daemon."""
        return self.listens and self.status is not None and self.status.active in {"inactive", "failed"}

    @property
    def memory_max_mb(self) -> float:
        """Memory limit of the unit in MiB; infinity if there is none."""
        given = self.properties.get("MemoryMax", "")
        return int(given) / 2**20 if given.isdecimal() and self.installed else math.inf


def inspect_service(layout: Layout) -> ServiceFacts:
    """Ask the service manager of `layout` about the service."""
    systemd = Systemctl(layout, run_in_session)
    try:
        status = read_status(systemd)
        shown = systemd.query("show", "--property=WatchdogUSec,MemoryMax", UNIT)
        listens = "ActiveState=active" in systemd.query("show", "--property=ActiveState", SOCKET_UNIT)
    except CommandTimeout as hung:
        return ServiceFacts(layout, problem=str(hung))
    if not status.active:
        return ServiceFacts(layout)
    return ServiceFacts(layout, status, "", dict(line.partition("=")[::2] for line in shown.splitlines()), listens)


def check_service(service: ServiceFacts) -> Finding:
    name = "service" if service.layout.whose == "system" else "user_service"
    if service.problem:
        return failed(
            name, service.problem, "the service manager hangs: `journalctl -e` may say why; reboot if it stays so"
        )
    if (status := service.status) is None:
        return ok(name, "no service manager (systemd) is running here")
    if not status.installed:
        return ok(name, "not installed")
    to_do = "; ".join(remedies(status, service.layout))
    if status.active == "failed":
        return failed(name, f"failed: {status.why or status.result}", to_do)
    if status.detail == "auto-restart":
        return failed(name, f"{status.why or 'it exited'}; about to restart (attempt {status.restarts + 1})", to_do)
    if status.active == "inactive":
        return warning(name, "installed but not running", to_do)
    return _running(name, service, status)


def _running(name: str, service: ServiceFacts, status: UnitStatus) -> Finding:
    found = f"{status.active}: {status.text}" if status.text else status.active
    systemctl = f"systemctl{service.layout.option}"
    if status.restarts:
        return warning(name, f"{found}; restarted {status.restarts} times", f"{service.layout.journal} -e shows why")
    if not status.enabled:
        return warning(name, f"{found}; not enabled at boot or login", f"{systemctl} enable {UNIT}")
    watchdog = service.properties.get("WatchdogUSec", "")
    if watchdog not in NO_WATCHDOG:
        return ok(name, f"{found}; watchdog {watchdog}")
    if not status.is_up:
        return ok(name, found)
    return warning(name, f"{found}; no watchdog", f"WatchdogSec=30 (`{systemctl} edit {UNIT}`) restarts it if it hangs")
