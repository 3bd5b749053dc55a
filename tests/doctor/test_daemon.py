"""The daemon's status, asked over a real socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import __version__
from assistant.client import Client
from assistant.doctor import daemon
from assistant.doctor.daemon import DaemonAnswer, DaemonStatus, ask_status, check_daemon
from assistant.doctor.finding import FindingState
from tests.client.background import Background


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    running = Background(tmp_path)
    running.start()
    yield running
    running.end()


def test_a_daemon_tells_its_state_and_version(background: Background) -> None:
    asked = ask_status(background.path, would_start=False)
    assert asked.status is not None
    finding = check_daemon(asked)
    assert finding.state is FindingState.OK
    assert finding.found.startswith(f"{background.path}: listening, version ")


def test_a_daemon_whose_microphone_is_off_is_a_warning(background: Background) -> None:
    with Client(background.path) as client:
        client.call("mute")
    finding = check_daemon(ask_status(background.path, would_start=False))
    assert finding.state is FindingState.WARNING
    assert "`assistant unmute`" in finding.advice


@pytest.mark.parametrize(
    ("rooms", "summary"),
    [
        ({"local": "silent"}, "no sound card of its own, rooms: none connected"),
        ({"local": "silent", "kitchen": "asleep"}, "no sound card of its own, rooms: kitchen (asleep)"),
    ],
)
def test_a_daemon_without_a_sound_card_tells_of_its_rooms(tmp_path: Path, rooms: dict[str, str], summary: str) -> None:
    told = DaemonStatus(
        state="silent", version=__version__, muted=False, microphone="", loudspeaker="", room="local", rooms=rooms
    )
    finding = check_daemon(DaemonAnswer(tmp_path, told))
    assert finding.state is FindingState.OK
    assert finding.found == f"{tmp_path}: {summary}, version {__version__}"


@pytest.mark.parametrize(
    ("state", "version", "advice"), [("deaf", "0", "its microphone is gone"), ("asleep", "0", "version ")]
)
def test_a_daemon_without_its_microphone_and_an_old_one_are_warnings(
    tmp_path: Path, state: str, version: str, advice: str
) -> None:
    told = DaemonStatus(state=state, version=version, muted=False, microphone="m", loudspeaker="l")
    finding = check_daemon(DaemonAnswer(tmp_path, told))
    assert finding.state is FindingState.WARNING
    assert finding.advice.startswith(advice)


def test_no_daemon_is_a_warning_that_says_how_to_start_one(tmp_path: Path) -> None:
    finding = check_daemon(ask_status(tmp_path / "none.sock", would_start=False))
    assert finding.state is FindingState.WARNING
    assert "`assistant run`" in finding.advice


def test_a_daemon_that_does_not_answer_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "TIMEOUT_S", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "a.sock"))
        silent.listen()
        finding = check_daemon(ask_status(tmp_path / "a.sock", would_start=False))
    assert finding.state is FindingState.WARNING
    assert "no answer within" in finding.found


def test_a_socket_that_would_start_the_daemon_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.sock"
    monkeypatch.setenv("ASSISTANT_SOCKET", str(path))
    with socket.socket(socket.AF_UNIX) as activated:
        activated.bind(str(path))
        activated.listen()
        activated.setblocking(False)
        finding = check_daemon(ask_status(None, would_start=True))
        with pytest.raises(BlockingIOError):
            activated.accept()
    assert finding.state is FindingState.OK
    assert "the first client starts the daemon" in finding.found
