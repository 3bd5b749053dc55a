import pytest

from assistant.errors import AssistantError, Code
from assistant.service.install import InstallOptions
from assistant.service.step import WriteFile, carry_out
from assistant.service.uninstall import leftovers, plan_uninstall, uninstall_obstacles
from tests.service.machine import Machine


def uninstall(machine: Machine, *, dry_run: bool = False) -> list[str]:
    said: list[str] = []
    carry_out(plan_uninstall(machine.layout, machine.systemd), said.append, dry_run=dry_run)
    return [line.replace(str(machine.root), "") for line in said]


@pytest.fixture
def installed(machine: Machine) -> Machine:
    """A machine with every drop-in installed, and with data of the user."""
    (machine.root / "etc/group").write_text("pulse-access:x:106:\n")
    machine.version = 257
    machine.install(InstallOptions(drop_ins={"loopback": True, "lan": True, "gpu": True}))
    WriteFile(machine.layout.state / "state.db", "timers").do()
    return machine


def test_it_removes_exactly_what_installing_has_written(installed: Machine) -> None:
    lines = uninstall(installed)
    assert lines[0] == "assistant.service: stopped and disabled"
    assert lines[-1] == "units: unloaded from systemd"
    assert installed.active == "inactive"
    kept = {path for path in installed.files() if not path.startswith(("usr/", "etc/.pwd", "etc/group-"))}
    accounts = {"etc/passwd", "etc/group", "etc/shadow", "etc/gshadow"}
    models = {path for path in kept if path.startswith("var/lib/assistant/models/")}
    assert len(models) >= 2
    assert kept == {*accounts, *models, "etc/assistant/config.yaml", "var/lib/assistant/state.db"}


def test_the_second_time_nothing_is_left_to_do(installed: Machine) -> None:
    uninstall(installed)
    assert all(line.endswith(": unchanged") for line in uninstall(installed))


def test_a_dry_run_prints_the_same_and_changes_nothing(installed: Machine) -> None:
    before = installed.files()
    would = uninstall(installed, dry_run=True)
    assert installed.files() == before
    assert installed.active == "active"
    assert [line.replace("would be ", "") for line in would] == uninstall(installed)


def test_it_prints_what_it_keeps(installed: Machine) -> None:
    uninstall(installed)
    told = " ".join(leftovers(installed.layout))
    for place in (installed.layout.config.parent, installed.layout.models, installed.layout.state):
        assert str(place) in told
    assert "userdel assistant" in told


def test_without_an_installation_nothing_is_kept(machine: Machine) -> None:
    machine.layout.config.unlink()
    machine.layout.config.parent.rmdir()
    assert leftovers(machine.layout) == []


def test_drop_ins_of_the_users_own_stay(installed: Machine) -> None:
    own = installed.layout.drop_ins / "override.conf"
    WriteFile(own, "[Service]\n").do()
    uninstall(installed)
    assert list(installed.layout.drop_ins.iterdir()) == [own]


def test_a_service_of_another_origin_is_neither_stopped_nor_removed(machine: Machine) -> None:
    WriteFile(machine.layout.units / "assistant.service", "[Service]\nExecStart=/usr/bin/other\n").do()
    with pytest.raises(AssistantError) as raised:
        uninstall(machine)
    assert raised.value.code is Code.SERVICE_FOREIGN
    assert "stop assistant.socket assistant.service" not in machine.told


def test_only_root_uninstalls_services_of_the_machine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert [error.code for error in uninstall_obstacles(machine.layout)] == [Code.SERVICE_NOT_ROOT]
