"""Finding and asking the sound server, a real PulseAudio where there is one."""

import socket
from pathlib import Path

import pytest

from assistant.doctor import command
from assistant.doctor.finding import FindingState
from assistant.doctor.sound_server import SoundServer, check_lingering, check_sound_server, find_sound_server
from tests.doctor.programs import answering
from tests.room import Room


@pytest.fixture
def inside(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_SERVER"):
        monkeypatch.setenv(name, room.environment[name])


@pytest.mark.usefixtures("inside")
def test_a_server_that_answers_is_named_with_its_devices(tmp_path: Path) -> None:
    server = find_sound_server()
    assert server.answers
    finding = check_sound_server(server, tmp_path)
    assert finding.state is FindingState.OK
    assert finding.found.startswith("pulseaudio ")
    assert finding.found.endswith("; defaults mic, speaker")


@pytest.mark.usefixtures("inside")
def test_a_stalled_server_is_not_waited_for(room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "TIMEOUT_S", 0.5)
    with room.standing_still():
        finding = check_sound_server(find_sound_server(), tmp_path)
    assert finding.state is FindingState.FAILED
    assert "`pactl info` does not answer" in finding.found
    assert "systemctl --user restart" in finding.advice


def session(folder: Path) -> dict[str, str]:
    (folder / "pulse").mkdir(parents=True)
    return {"XDG_RUNTIME_DIR": str(folder)}


@pytest.mark.parametrize("listening", [True, False])
def test_without_pactl_a_listening_socket_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: bool
) -> None:
    environment = session(tmp_path)
    answering(tmp_path, "pactl", "exit 127", monkeypatch)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "pulse/native"))
        if listening:
            server.listen()
        finding = check_sound_server(find_sound_server(environment, tmp_path), tmp_path)
    assert finding.state is (FindingState.OK if listening else FindingState.FAILED)


def test_without_a_server_sound_cards_are_used_directly(tmp_path: Path) -> None:
    server = find_sound_server({}, tmp_path)
    assert server == SoundServer()
    assert check_sound_server(server, tmp_path).found == "none: the sound cards are used directly"


def test_the_server_of_another_user_is_a_warning(tmp_path: Path) -> None:
    session(tmp_path / "run/user/1000")
    (tmp_path / "run/user/1000/pulse/native").touch()
    finding = check_sound_server(find_sound_server({}, tmp_path), tmp_path)
    assert finding.state is FindingState.WARNING
    assert "user 1000 has one" in finding.found


def test_a_server_for_the_whole_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, "pactl", "exit 127", monkeypatch)
    (tmp_path / "run/pulse").mkdir(parents=True)
    (tmp_path / "run/pulse/native").touch()
    assert find_sound_server({}, tmp_path).socket == tmp_path / "run/pulse/native"


PIPEWIRE = SoundServer(Path("/run/user/1000/pulse/native"), answers=True, description="PulseAudio (on PipeWire 1.2)")


@pytest.mark.parametrize(
    ("answer", "state"),
    [("echo Linger=no", FindingState.WARNING), ("echo Linger=yes", FindingState.OK), ("exit 1", FindingState.OK)],
)
def test_a_sound_server_without_a_desktop_ends_with_the_session_unless_its_user_lingers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, state: FindingState
) -> None:
    answering(tmp_path, "loginctl", answer, monkeypatch)
    finding = check_lingering(PIPEWIRE, {})
    assert finding.state is state
    assert (finding.advice == "`loginctl enable-linger`") is (state is FindingState.WARNING)


def test_on_a_desktop_and_without_a_server_lingering_is_not_needed() -> None:
    assert check_lingering(PIPEWIRE, {"WAYLAND_DISPLAY": "wayland-0"}).state is FindingState.OK
    assert check_lingering(SoundServer(), {}).state is FindingState.OK
