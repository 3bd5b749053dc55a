import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.cli import service
from assistant.errors import AssistantError, Code
from assistant.host.children import Completed
from assistant.service.systemd import Systemctl


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of a user without a service manager, as in a container, with the default models."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(service.app, arguments)


def answering(monkeypatch: pytest.MonkeyPatch, shown: str) -> list[str]:
    """Make the service manager answer `shown` for every unit; return the list of commands it receives."""
    asked: list[str] = []

    def run(command: Sequence[str]) -> Completed:
        asked.append(" ".join(command))
        return subprocess.CompletedProcess(command, 0, shown, "")

    monkeypatch.setattr(service, "Systemctl", lambda layout: Systemctl(layout, run))
    return asked


def test_a_dry_run_prints_every_step_and_every_obstacle(home: Path) -> None:
    before = list(home.iterdir())
    result = invoke("install", "--user", "--dry-run", "--loopback")
    assert result.exit_code == 0, result.output
    units = home / ".config/systemd/user"
    assert f"{units}/assistant.service: would be written" in result.stdout.splitlines()
    assert f"{units}/assistant.service.d/loopback.conf: would be written" in result.stdout.splitlines()
    assert "would fail: your service manager is not running" in result.stderr
    assert "loginctl enable-linger" in result.stderr
    assert list(home.iterdir()) == before


def test_without_a_service_manager_nothing_is_installed(home: Path) -> None:
    result = invoke("install", "--user")
    assert isinstance(result.exception, AssistantError)
    assert result.exception.code is Code.SERVICE_NO_SYSTEMD
    assert list(home.iterdir()) == []


def test_a_configuration_that_needs_more_than_it_gets_is_warned_of(home: Path) -> None:
    config = home / ".config/assistant/config.yaml"
    config.parent.mkdir(parents=True)
    config.write_text("metrics: {http_port: 9101}")
    assert "warning: metrics.http_port" in invoke("install", "--user", "--dry-run").stderr
    assert "warning" not in invoke("install", "--user", "--dry-run", "--loopback").stderr


def test_the_status_is_words_or_json_and_an_exit_status(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "LoadState=loaded\nActiveState=active\nSubState=running\nStatusText=listening\nMainPID=7\n")
    result = invoke("status")
    assert result.exit_code == 0
    assert "service           active (running): listening" in result.stdout.splitlines()
    shown = json.loads(invoke("status", "--json").stdout)
    assert (shown["installed"], shown["active"], shown["pid"]) == (True, "active", 7)


@pytest.mark.parametrize("state", ["failed", "inactive", "activating"])
def test_a_service_that_is_not_running_has_exit_status_3(state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, f"LoadState=loaded\nActiveState={state}\n")
    assert invoke("status").exit_code == 3
    assert invoke("status", "--json").exit_code == 3


def test_a_service_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, "LoadState=not-found\nActiveState=inactive\n")
    result = invoke("status", "--user")
    assert result.exit_code == 3
    assert "assistant service install --user" in result.stdout
    assert asked[0].startswith("systemctl --user show ")


def test_uninstalling_where_nothing_is_installed_changes_nothing(home: Path) -> None:
    result = invoke("uninstall", "--user")
    assert result.exit_code == 0, result.output
    assert f"{home}/.config/systemd/user/assistant.service: unchanged" in result.stdout.splitlines()
    assert list(home.iterdir()) == []
