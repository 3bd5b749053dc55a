"""The units as systemd's own tools judge them: correct, and tightly sandboxed."""

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from assistant.service.files import SHIPPED, rendered
from assistant.service.install import DROP_INS, FLAGGED

MAX_EXPOSURE = 15
"""In tenths: 1.5 of 10."""

SETS = [(), *((name,) for name in DROP_INS if name != "backoff"), *combinations(FLAGGED, 2), FLAGGED]
"""Combinations of drop-ins; backoff needs a newer systemd than some that these tests run on."""


def laid_out(folder: Path, drop_ins: tuple[str, ...] = (), above: str = "") -> Path:
    """Write the units into `folder`, for a program that exists, and return the path of the service."""
    program = Path(sys.executable)
    (folder / "assistant.service.d").mkdir(parents=True)
    for name in ("assistant.service", "assistant.socket"):
        (folder / name).write_text(rendered(above + name, program))
    for name in drop_ins:
        text = rendered(f"{above}drop-ins/{name}.conf", program)
        (folder / "assistant.service.d" / f"{name}.conf").write_text(text)
    return folder / "assistant.service"


def analyze(*arguments: str | Path, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{path}:", "XDG_RUNTIME_DIR": str(path)}
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment)


def complaints(service: Path, *options: str) -> str:
    verified = analyze("verify", "--man=no", *options, service, service.with_suffix(".socket"), path=service.parent)
    return verified.stderr + verified.stdout + (f"exit status {verified.returncode}" if verified.returncode else "")


@pytest.mark.parametrize("drop_ins", SETS, ids="+".join)
def test_systemd_finds_nothing_wrong_and_little_left_open(drop_ins: tuple[str, ...], tmp_path: Path) -> None:
    service = laid_out(tmp_path, drop_ins)
    assert complaints(service) == ""
    judged = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSURE}", "--no-pager", service, path=tmp_path)
    assert judged.returncode == 0, judged.stdout
    assert "Overall exposure level" in judged.stdout


def test_a_looser_unit_would_be_noticed(tmp_path: Path) -> None:
    service = laid_out(tmp_path)
    loosened = service.read_text().replace("ProtectSystem=strict", "ProtectSystm=strict").replace("PrivateNetwork", "#")
    service.write_text(loosened.replace("CapabilityBoundingSet=", "#").replace("SystemCallFilter=", "#"))
    assert "ProtectSystm" in complaints(service)
    judged = analyze("security", "--offline=true", f"--threshold={MAX_EXPOSURE}", service, path=tmp_path)
    assert judged.returncode != 0


@pytest.mark.parametrize("drop_ins", [(), ("loopback",), ("lan",)], ids="+".join)
def test_systemd_finds_nothing_wrong_with_the_units_of_a_user(drop_ins: tuple[str, ...], tmp_path: Path) -> None:
    assert complaints(laid_out(tmp_path, drop_ins, above="user/"), "--user") == ""


@pytest.mark.parametrize("folder", ["with space", "with 100% %h", "with-50%", "ünïcode"])
def test_the_program_may_be_in_any_folder(folder: str, tmp_path: Path) -> None:
    program = tmp_path / folder / "assistant"
    program.parent.mkdir()
    program.symlink_to(sys.executable)
    service = laid_out(tmp_path / "units")
    service.write_text(rendered("assistant.service", program))
    assert complaints(service) == ""
    program.unlink()
    assert f"{program} is not executable" in complaints(service)


def test_without_network_unless_a_drop_in_opens_it(tmp_path: Path) -> None:
    def exposed(drop_ins: tuple[str, ...]) -> str:
        service = laid_out(tmp_path / "+".join(["units", *drop_ins]), drop_ins)
        return analyze("security", "--offline=true", "--no-pager", service, path=service.parent).stdout

    closed, opened = exposed(()), exposed(("loopback",))
    for option in ("PrivateNetwork=", "RestrictAddressFamilies=~AF_(INET|INET6)"):
        assert f"✓ {option}" in closed
        assert f"✗ {option}" in opened
    assert "✓ IPAddressDeny=" in closed


def test_the_shipped_units_name_the_program_that_is_replaced() -> None:
    for name in ("assistant.service", "user/assistant.service"):
        assert "ExecStart=/opt/assistant/bin/assistant run " in (SHIPPED / name).read_text()
        assert "ExecStart=/srv/a/assistant run " in rendered(name, Path("/srv/a/assistant"))


def test_both_services_restart_and_are_watched_alike() -> None:
    """The user unit refers to the system unit for its reasons, so the two must not drift apart."""
    alike = ("Restart", "StartLimit", "Timeout", "Watchdog", "Type=", "KillMode", "Exec", "Memory", "SystemCall")
    system, user = (
        [line for line in (SHIPPED / name).read_text().splitlines() if line.startswith(alike)]
        for name in ("assistant.service", "user/assistant.service")
    )
    assert {line.removesuffix(" --confine") for line in user} <= set(system)
    assert len(user) > 15
