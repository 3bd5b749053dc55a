"""Findings about the service, from answers recorded with systemd 252."""

import math
from pathlib import Path

import pytest

from assistant.doctor import command, service
from assistant.doctor.finding import FindingState
from assistant.doctor.service import ServiceFacts, check_service, inspect_service
from assistant.service import layout
from assistant.service.status import parse_status
from tests.doctor.programs import answering

SYSTEM = layout.of_the_system()
RUNNING = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "SubState": "running",
    "StatusText": "listening",
    "NRestarts": "0",
    "Result": "success",
    "ExecMainStatus": "0",
}


def told(watchdog: str = "30s", **changes: str) -> ServiceFacts:
    shown = "\n".join(f"{name}={value}" for name, value in (RUNNING | changes).items())
    return ServiceFacts(SYSTEM, parse_status(shown), properties={"WatchdogUSec": watchdog, "MemoryMax": "1073741824"})


def test_a_running_service_shows_its_status_and_its_watchdog() -> None:
    finding = check_service(told())
    assert finding.state is FindingState.OK
    assert finding.found == "active: listening; watchdog 30s"


@pytest.mark.parametrize(
    ("found", "state", "advice"),
    [
        (told("infinity"), FindingState.WARNING, "WatchdogSec=30"),
        (told(NRestarts="3"), FindingState.WARNING, "journalctl -u assistant.service -e"),
        (told(UnitFileState="disabled"), FindingState.WARNING, "systemctl enable assistant.service"),
        (told("infinity", ActiveState="inactive", SubState="dead"), FindingState.WARNING, "systemctl start"),
        (told("infinity", ActiveState="activating", SubState="start", StatusText="loading"), FindingState.OK, ""),
        (told(LoadState="not-found", ActiveState="inactive"), FindingState.OK, ""),
        (
            told(ActiveState="failed", SubState="failed", Result="exit-code", ExecMainStatus="2"),
            FindingState.FAILED,
            "journalctl -u assistant.service -n 50 shows why; assistant config check /etc/assistant/config.yaml",
        ),
        (
            told(ActiveState="activating", SubState="auto-restart", Result="signal", ExecMainStatus="9"),
            FindingState.FAILED,
            "journalctl",
        ),
    ],
)
def test_an_unhealthy_service_has_advice(found: ServiceFacts, state: FindingState, advice: str) -> None:
    finding = check_service(found)
    assert finding.state is state
    assert finding.advice.startswith(advice)
    assert bool(finding.advice) is (state is not FindingState.OK)


def test_the_units_limit_of_memory_counts_where_there_is_a_unit() -> None:
    assert told().memory_max_mb == 1024
    assert told(LoadState="not-found").memory_max_mb == math.inf
    assert ServiceFacts(SYSTEM).memory_max_mb == math.inf


def test_a_machine_without_systemd_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert check_service(inspect_service(SYSTEM)).state is FindingState.OK
    answering(tmp_path, "systemctl", "echo 'System has not been booted with systemd' >&2; exit 1", monkeypatch)
    finding = check_service(inspect_service(SYSTEM))
    assert finding.state is FindingState.OK
    assert "no service manager" in finding.found


def test_a_service_manager_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TIMEOUT_S", 0.2)
    answering(tmp_path, "systemctl", "exec sleep 600", monkeypatch)
    finding = check_service(inspect_service(SYSTEM))
    assert finding.state is FindingState.FAILED
    assert "`systemctl show` does not answer" in finding.found


@pytest.mark.parametrize("whose", ["system", "user"])
def test_it_asks_the_manager_that_it_is_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    answer = "\\n".join(f"{name}={value}" for name, value in (RUNNING | {"WatchdogUSec": "30s"}).items())
    theirs = '[ "$1" = --user ] &&' if whose == "user" else '[ "$1" != --user ] &&'
    answering(tmp_path, "systemctl", f"{theirs} printf '{answer}\\n'", monkeypatch)
    places = {"system": SYSTEM, "user": layout.of_the_user()}
    found = {name: check_service(inspect_service(place)) for name, place in places.items()}
    assert found[whose].found == "active: listening; watchdog 30s"
    assert found["user" if whose == "system" else "system"].found.startswith("no service manager")
    assert (found["system"].check, found["user"].check) == ("service", "user_service")


def test_a_socket_that_listens_for_a_service_that_does_not_run_is_socket_activated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_the_service = 'printf "LoadState=loaded\\nActiveState=%s\\n"'
    script = f'case "$*" in *assistant.socket) echo ActiveState=active;; *) {of_the_service};; esac'
    for state, waits in (("inactive", True), ("active", False)):
        answering(tmp_path, "systemctl", script.replace("%s", state), monkeypatch)
        assert service.inspect_service(SYSTEM).is_socket_activated is waits
