import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.service.layout import of_the_system
from assistant.service.systemd import Completed, Systemctl, run_command


def test_a_machine_without_systemd_is_told_so() -> None:
    with pytest.raises(AssistantError) as raised:
        run_command(["systemctl-that-is-not-there", "start"])
    assert raised.value.code is Code.SERVICE_NO_SYSTEMD


def test_commands_are_for_whose_service_it_is() -> None:
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


def test_what_systemd_complains_of_is_the_error(tmp_path: Path) -> None:
    systemd = Systemctl(of_the_system(tmp_path))
    with pytest.raises(AssistantError) as raised:
        systemd.enable("no-such-unit.service")
    assert raised.value.code is Code.SERVICE_FAILED
    assert "no-such-unit.service" in raised.value.message


def test_the_version_is_a_number() -> None:
    assert Systemctl(of_the_system()).version() > 200


def test_a_manager_that_has_not_started_the_machine_starts_nothing(tmp_path: Path) -> None:
    systemd = Systemctl(of_the_system(tmp_path))
    assert not systemd.is_running()
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert systemd.is_running()
