"""`assistant doctor` as a process, in the virtual room and on a machine without sound."""

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.room import Room, open_room

ORDER = [
    *("processor", "memory", "disk", "temperature", "throttling", "governor"),
    *("configuration", "turns.end_model", "asr.model", "llm.model", "tts.voice", "wake.words", "libraries"),
    *("sound_cards", "socket_group", "sound_server", "lingering"),
    *("microphone", "loudspeaker", "hearing", "playing", "echo", "socket", "service", "user_service"),
]
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PORTS = {"microphone": "input", "loudspeaker": "output"}
COMMAND = [sys.executable, "-m", "assistant", "doctor"]


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    """A room whose microphone hears the loudspeaker."""
    with open_room() as room:
        subprocess.run(["pactl", "set-default-source", "room.monitor"], env=room.environment, check=True)
        yield room


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text("llm: {max_reply_tokens: 40}\n")
    return path


def doctor(*options: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *options], env=environment, capture_output=True, text=True, check=False)


def silent(folder: Path) -> dict[str, str]:
    """The environment of a user without a sound server."""
    gone = {"XDG_RUNTIME_DIR", "PULSE_SERVER", "PULSE_RUNTIME_PATH"}
    return {name: value for name, value in os.environ.items() if name not in gone} | {"XDG_RUNTIME_DIR": str(folder)}


def test_in_a_healthy_room_nothing_has_failed_and_each_check_has_its_line(room: Room, config: Path) -> None:
    done = doctor("--config", str(config), environment=room.environment)
    *lines, summary = done.stdout.splitlines()
    assert [line.split()[1] for line in lines] == ORDER
    assert {line.split()[0] for line in lines} <= {"ok", "warning"}
    assert f"configuration   {config}" in done.stdout
    assert "no daemon at" in done.stdout
    assert summary.startswith(f"{len(ORDER)} checks: 0 failed, ")
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_one_object_with_a_list_of_findings(room: Room, config: Path) -> None:
    done = doctor("--json", "--no-sound", "--config", str(config), environment=room.environment)
    findings = json.loads(done.stdout)["findings"]
    assert [finding["check"] for finding in findings] == [
        name for name in ORDER if name not in {"hearing", "playing", "echo"}
    ]
    assert all(set(finding) == {"check", "state", "found", "advice"} for finding in findings)
    assert all(finding["advice"] for finding in findings if finding["state"] != "ok")
    assert done.returncode == 0


def test_without_any_sound_it_fails_and_says_what_to_do(tmp_path: Path, config: Path) -> None:
    config.write_text("audio: {input: no such microphone, output: no such loudspeaker}")
    done = doctor("--json", "--config", str(config), environment=silent(tmp_path))
    found = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert done.returncode == 1
    for name in ("microphone", "loudspeaker"):
        assert found[name]["state"] == "failed"
        assert found[name]["found"].startswith(("there is no", f"audio.{PORTS[name]}: 'no such {name}'"))
        assert found[name]["advice"]
    assert found["sound_server"]["found"].startswith("none")
    assert not {"hearing", "playing", "echo"} & set(found)


def test_a_daemon_without_a_sound_card_needs_no_sound(tmp_path: Path, config: Path) -> None:
    config.write_text("audio: {input: none, output: none}")
    done = doctor("--json", "--config", str(config), environment=silent(tmp_path))
    found = {finding["check"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert {found[name]["state"] for name in ("microphone", "loudspeaker", "sound_cards")} == {"ok"}
    assert found["microphone"]["found"] == "none, as configured"
    assert not {"hearing", "playing", "echo"} & set(found)


def test_a_mistake_in_the_configuration_fails_it_and_the_examination_goes_on(tmp_path: Path) -> None:
    wrong = tmp_path / "config.yaml"
    wrong.write_text("llm: {max_reply_tokens: many}\n")
    done = doctor("--no-sound", "--config", str(wrong), environment=silent(tmp_path))
    [line] = [line for line in done.stdout.splitlines() if line.startswith("failed   configuration")]
    assert "llm.max_reply_tokens: expected" in line
    assert done.stdout.splitlines()[-2].split()[1] == "user_service"
    assert done.returncode == 1


def test_on_a_terminal_lines_fit_and_advice_stands_below_with_an_arrow(tmp_path: Path, config: Path) -> None:
    controller, terminal = pty.openpty()
    environment = silent(tmp_path) | {"COLUMNS": "80", "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(
        [*COMMAND, "--no-sound", "--config", str(config)], env=environment, stdout=terminal, stderr=terminal
    ):
        os.close(terminal)
        shown = b"".join(iter(lambda: _read(controller), b"")).decode()
    os.close(controller)
    rows = [row.rpartition("\r")[2] for row in CONTROL.sub("", shown).replace("\r\n", "\n").splitlines()]
    assert max(map(len, rows)) <= 80
    assert any(row.startswith("✓ memory") for row in rows)
    assert any(row.startswith(" " * 18 + "→ ") for row in rows)
    assert re.match(r"\d+ checks: ", rows[-1])


def _read(terminal: int) -> bytes:
    """Read from the terminal; empty once its other end is closed, which Linux reports as an error."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""
