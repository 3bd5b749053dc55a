import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.host.children import Completed
from assistant.service.layout import of_the_system
from assistant.service.systemd import Systemctl, run_command


def test_a_missing_systemd_is_reported() -> None:
    with pytest.raises(AssistantError) as raised:
        run_command(["systemctl-that-is-not-there", "start"])
    assert raised.value.code is Code.SERVICE_NO_SYSTEMD


def test_commands_address_the_right_service_manager() -> None:
    asked: list[list[str]] = []

    def record(command: Sequence[str]) -> Completed:
        asked.append(list(command))
        return subprocess.CompletedProcess(command, 0, "", "")

    system = Systemctl(of_the_system(), record)
    user = Systemctl(replace(system.layout, whose="user"), record)
    for systemd in (system, user):
        systemd.query("show", "a.service")
        systemd.enable("a.service")
    assert asked == [
        ["systemctl", "show", "a.service"],
        ["systemctl", "enable", "a.service"],
        ["systemctl", "--user", "show", "a.service"],
        ["systemctl", "--user", "enable", "a.service"],
    ]


def test_a_failure_of_systemd_is_reported(tmp_path: Path) -> None:
    systemd = Systemctl(of_the_system(tmp_path))
    with pytest.raises(AssistantError) as raised:
        systemd.enable("no-such-unit.service")
    assert raised.value.code is Code.SERVICE_FAILED
    assert "no-such-unit.service" in raised.value.message


def test_the_version_is_a_number() -> None:
    assert Systemctl(of_the_system()).version() > 200


def test_systemd_counts_as_running_only_if_it_booted_the_machine(tmp_path: Path) -> None:
    systemd = Systemctl(of_the_system(tmp_path))
    assert not systemd.is_running()
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert systemd.is_running()
