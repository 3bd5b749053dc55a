"""Installing the service on a machine in a folder."""

import grp
import pwd
from pathlib import Path

import pytest

from assistant.config import file as config_file
from assistant.config.schema import Config
from assistant.errors import AssistantError, Code
from assistant.models import catalog
from assistant.service.install import InstallOptions, install_obstacles, lingers
from assistant.service.step import WriteFile
from tests.service.machine import PROGRAM, Machine

UNITS = "/etc/systemd/system"


def refused(machine: Machine, wanted: InstallOptions | None = None) -> AssistantError:
    """Return the error that refuses the installation, after checking that nothing changed."""
    before = machine.files()
    with pytest.raises(AssistantError) as raised:
        machine.install(wanted)
    assert machine.files() == before
    assert machine.said == []
    return raised.value


def wanting(**drop_ins: bool) -> InstallOptions:
    return InstallOptions(drop_ins=dict(drop_ins))  # type: ignore[arg-type]


def test_everything_is_installed_with_a_line_per_step(machine: Machine) -> None:
    assert machine.install() == [
        "/etc/sysusers.d/assistant.conf: written",
        "user and group assistant: created",
        "/etc/tmpfiles.d/assistant.conf: written",
        "folders /run/assistant and /var/lib/assistant: created",
        "/etc/assistant/config.yaml: unchanged",
        "models ears-1.5 in /var/lib/assistant/models: fetched",
        f"{UNITS}/assistant.socket: written",
        f"{UNITS}/assistant.service: written",
        "units: loaded by systemd",
        "assistant.service at boot: enabled",
        "assistant.service: starting; this can take a few minutes while it waits for a microphone",
        "assistant.service: started",
    ]
    assert machine.active == "active"
    assert (machine.root / "etc/systemd/system/multi-user.target.wants/assistant.service").is_symlink()
    assert (machine.root / "etc/systemd/system/sockets.target.wants/assistant.socket").is_symlink()


def test_the_second_time_nothing_is_left_to_do(machine: Machine) -> None:
    machine.install()
    before = machine.files()
    machine.told.clear()
    assert all(line.endswith(": unchanged") for line in machine.install())
    assert machine.files() == before
    assert not [command for command in machine.told if not command.startswith(("show", "--version"))]


def test_a_dry_run_prints_the_same_and_changes_nothing(machine: Machine) -> None:
    before = machine.files()
    would = machine.install(dry_run=True)
    assert machine.files() == before
    assert machine.fetched == []
    assert not [command for command in machine.told if not command.startswith(("show", "--version"))]
    did = [line for line in machine.install() if "starting" not in line]
    assert [line.replace("would be ", "") for line in would] == did


def test_the_user_is_in_the_group_of_the_sound_devices(machine: Machine) -> None:
    machine.install()
    passwd = (machine.root / "etc/passwd").read_text()
    groups = (machine.root / "etc/group").read_text().splitlines()
    assert "assistant:x:" in passwd
    assert ":/var/lib/assistant:/usr/sbin/nologin" in passwd
    assert [line for line in groups if line.startswith("audio:") and line.endswith(":assistant")]
    assert "assistant" not in {user.pw_name for user in pwd.getpwall()}, "not on this machine"
    assert "assistant" not in {group.gr_name for group in grp.getgrall()}


def test_models_are_there_before_the_start_and_the_services_user_may_read_them(machine: Machine) -> None:
    machine.install()
    assert machine.fetched == ["ears-1.5"]
    lines = [line.split(":")[0] for line in machine.said]
    assert next(i for i, line in enumerate(lines) if line.startswith("models")) < lines.index("assistant.service")
    for path in (machine.layout.models, *machine.layout.models.rglob("*")):
        assert path.stat().st_mode & (0o005 if path.is_dir() else 0o004), path


def test_without_a_configuration_there_is_the_commented_default(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "shipped", lambda: catalog.read(catalog.FILE))
    machine.layout.config.unlink()
    written = f"{machine.layout.config}: would be written"
    machine.install(dry_run=True)
    assert written in machine.said
    next(step for step in machine.plan().steps if step.subject == str(machine.layout.config)).do()
    assert machine.layout.config.read_text() == config_file.render_default()


def test_a_wrong_configuration_is_refused_before_the_first_step(machine: Machine) -> None:
    machine.layout.config.write_text("asr: {modle: ears-1.5}")
    error = refused(machine)
    assert error.code is Code.CONFIG_INVALID
    assert "asr.modle" in error.message


def test_unknown_models_are_refused_before_the_first_step(machine: Machine) -> None:
    machine.layout.config.write_text("tts: {voice: no-such-voice}")
    assert refused(machine).code is Code.MODEL_UNKNOWN
    machine.layout.config.write_text("asr: {model: ears-1.5}\ntts: {voice: /nowhere/voice.onnx}")
    assert refused(machine).code in {Code.MODEL_UNKNOWN, Code.MODEL_MISSING}


def test_missing_models_are_refused_offline(machine: Machine) -> None:
    error = refused(machine, InstallOptions(drop_ins={}, offline=True))
    assert error.code is Code.MODEL_NOT_FETCHED
    assert "--offline" in error.message
    machine.install()
    machine.install(InstallOptions(drop_ins={}, offline=True))


def test_a_unit_of_another_origin_is_not_replaced(machine: Machine) -> None:
    WriteFile(machine.layout.units / "assistant.service", "[Service]\nExecStart=/usr/bin/other\n").do()
    error = refused(machine)
    assert error.code is Code.SERVICE_FOREIGN
    assert "assistant.service" in error.message


def test_the_unit_names_the_program_that_installs_it(machine: Machine) -> None:
    machine.install(program=Path("/srv/voice/bin/assistant"))
    unit = (machine.layout.units / "assistant.service").read_text()
    assert "\nExecStart=/srv/voice/bin/assistant run --wait 300\n" in unit


def test_a_program_that_has_moved_is_written_and_started_again(machine: Machine) -> None:
    machine.install()
    changed = [line for line in machine.install(program=Path("/srv/new/assistant")) if "unchanged" not in line]
    assert f"{UNITS}/assistant.service: written" in changed
    assert "units: loaded by systemd" in changed
    assert changed[-1] == "assistant.service: started"


def test_an_allowed_access_stays_until_it_is_revoked(machine: Machine) -> None:
    drop_in = f"{UNITS}/assistant.service.d/loopback.conf"
    assert f"{drop_in}: written" in machine.install(wanting(loopback=True))
    assert f"{drop_in}: unchanged" in machine.install()
    assert f"{drop_in}: removed" in machine.install(wanting(loopback=False))
    assert not machine.layout.drop_ins.exists()
    assert drop_in not in "".join(machine.install())


def test_drop_ins_of_the_users_own_are_left_alone(machine: Machine) -> None:
    machine.install(wanting(gpu=True))
    WriteFile(machine.layout.drop_ins / "override.conf", "[Service]\n").do()
    machine.install(wanting(gpu=False))
    assert [path.name for path in machine.layout.drop_ins.iterdir()] == ["override.conf"]


@pytest.mark.parametrize(("version", "there"), [(252, False), (254, True), (257, True)])
def test_backoff_is_installed_if_systemd_supports_it(machine: Machine, version: int, there: bool) -> None:
    machine.version = version
    machine.install()
    assert (machine.layout.drop_ins / "backoff.conf").exists() is there


def test_a_system_wide_sound_server_admits_the_service(machine: Machine) -> None:
    (machine.root / "etc/group").write_text("pulse-access:x:106:\n")
    machine.install()
    assert "pulse-access" in (machine.layout.drop_ins / "pulseaudio.conf").read_text()


def test_a_service_that_does_not_start_is_an_error_with_its_reason_and_the_log(machine: Machine) -> None:
    machine.starts = False
    with pytest.raises(AssistantError) as raised:
        machine.install()
    assert raised.value.code is Code.SERVICE_FAILED
    assert "journalctl -u assistant.service" in raised.value.message


def test_starting_is_optional(machine: Machine) -> None:
    lines = machine.install(InstallOptions(drop_ins={}, start=False))
    assert machine.active == "inactive"
    assert lines[-1] == "assistant.service at boot: enabled"


def obstacle_codes(machine: Machine, program: Path = PROGRAM) -> set[Code]:
    return {error.code for error in install_obstacles(machine.layout, program, Config(), machine.systemd)}


def test_only_root_installs_services_of_the_machine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert Code.SERVICE_NOT_ROOT in obstacle_codes(machine)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert Code.SERVICE_NOT_ROOT not in obstacle_codes(machine)


def test_a_machine_booted_without_systemd_is_refused(machine: Machine) -> None:
    assert Code.SERVICE_NO_SYSTEMD not in obstacle_codes(machine)
    (machine.root / "run/systemd/system").rmdir()
    assert Code.SERVICE_NO_SYSTEMD in obstacle_codes(machine)


def test_a_program_in_a_home_directory_is_hidden_from_it(machine: Machine) -> None:
    assert Code.SERVICE_HIDDEN in obstacle_codes(machine, Path("/home/ada/.venv/bin/assistant"))


def test_a_program_that_another_user_can_change_is_not_installed(machine: Machine, tmp_path: Path) -> None:
    program = tmp_path / "opt" / "bin" / "assistant"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o777)
    assert Code.SERVICE_WRITABLE in obstacle_codes(machine, program)


def test_lingering_is_detected(machine: Machine) -> None:
    assert not lingers(machine.layout, "ada")
    WriteFile(machine.root / "var/lib/systemd/linger/ada", "").do()
    assert lingers(machine.layout, "ada")
