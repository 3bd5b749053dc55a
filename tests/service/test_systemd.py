import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import AssistantError, Code
from assistant.service.layout import of_the_system
from assistant.service.systemd import Answer, Systemd, run


def test_a_machine_without_systemd_is_told_so() -> None:
    with pytest.raises(AssistantError) as raised:
        run(["systemctl-that-is-not-there", "start"])
    assert raised.value.code is Code.SERVICE_NO_SYSTEMD


def test_commands_are_for_whose_service_it_is() -> None:
    asked: list[list[str]] = []

    def record(command: Sequence[str]) -> Answer:
        asked.append(list(command))
        return subprocess.CompletedProcess(command, 0, "", "")

    system = Systemd(of_the_system(), record)
    user = Systemd(replace(system.layout, whose="user"), record)
    for systemd in (system, user):
        systemd.ask("show", "a.service")
        systemd.enable("a.service")
    assert asked == [
        ["systemctl", "show", "a.service"],
        ["systemctl", "enable", "a.service"],
        ["systemctl", "--user", "show", "a.service"],
        ["systemctl", "--user", "enable", "a.service"],
    ]


def test_what_systemd_complains_of_is_the_error(tmp_path: Path) -> None:
    systemd = Systemd(of_the_system(tmp_path))
    with pytest.raises(AssistantError) as raised:
        systemd.enable("nobody-has-this.service")
    assert raised.value.code is Code.SERVICE_FAILED
    assert "nobody-has-this.service" in raised.value.message


def test_the_version_is_a_number() -> None:
    assert Systemd(of_the_system()).version() > 200


def test_a_manager_that_has_not_started_the_machine_starts_nothing(tmp_path: Path) -> None:
    systemd = Systemd(of_the_system(tmp_path))
    assert not systemd.is_running()
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert systemd.is_running()
