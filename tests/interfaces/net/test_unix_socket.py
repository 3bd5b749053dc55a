"""Where the socket is, and that no other user can put theirs there."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.config.schema import Ipc
from assistant.errors import AssistantError, Code
from assistant.interfaces.net import unix_socket


def refused(path: Path) -> AssistantError:
    with pytest.raises(AssistantError) as error:
        unix_socket.open_socket(path)
    return error.value


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A session's folder; no service manager has given another."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for name in ("RUNTIME_DIRECTORY", "ASSISTANT_SOCKET", "LISTEN_PID", "LISTEN_FDS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_it_lies_where_the_service_manager_says(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unix_socket.own_path() == session / "assistant" / "assistant.sock"
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/assistant:/run/other")
    assert unix_socket.own_path() == Path("/run/assistant/assistant.sock")


def test_without_a_session_it_lies_in_a_folder_of_the_users_own(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert unix_socket.own_path().parent.name == f"assistant-{os.getuid()}"


def test_it_is_there_as_long_as_the_daemon(session: Path) -> None:
    with unix_socket.opened(Ipc()) as listener:
        assert listener is not None
        path = Path(listener.getsockname())
        assert path.is_socket()
        assert path.parent.stat().st_mode & 0o777 == 0o700
    assert not path.exists()


def test_or_not_at_all(session: Path) -> None:
    with unix_socket.opened(Ipc(enabled=False)) as listener:
        assert listener is None
    assert not list(session.iterdir())


def test_one_that_a_dead_daemon_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    unix_socket.open_socket(path).close()
    assert path.exists()
    unix_socket.open_socket(path).close()


def test_one_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with unix_socket.open_socket(path):
        assert refused(path).code is Code.IPC_IN_USE
        assert path.exists()


def file(path: Path) -> None:
    path.write_text("precious")


def link_to_file(path: Path) -> None:
    path.with_name("target").write_text("precious")
    path.symlink_to(path.with_name("target"))


def link_to_dead_socket(path: Path) -> None:
    unix_socket.open_socket(path.with_name("target")).close()
    path.symlink_to(path.with_name("target"))


def link_to_nothing(path: Path) -> None:
    path.symlink_to(path.with_name("target"))


@pytest.mark.parametrize("make", [file, Path.mkdir, os.mkfifo, link_to_file, link_to_dead_socket, link_to_nothing])
def test_what_is_no_socket_is_never_removed(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    make(path)
    before = {entry.name: entry.lstat() for entry in tmp_path.iterdir()}
    error = refused(path)
    assert error.code is Code.IPC_NO_SOCKET
    assert f"{path}: is there already and is no socket" in error.message
    assert {entry.name: entry.lstat() for entry in tmp_path.iterdir()} == before


@pytest.mark.parametrize("make", [file, Path.mkdir, lambda path: unix_socket.open_socket(path).close()])
def test_what_has_taken_its_place_is_left_alone_in_the_end(make: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with unix_socket.listening(path):
        path.rename(tmp_path / "moved.sock")
        make(path)
    assert path.exists()


def test_a_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path / ("a" * 120))
    assert error.code is Code.IPC_NO_SOCKET
    assert "107" in error.message


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = refused(tmp_path / "file" / "a.sock")
    assert error.code is Code.IPC_NO_SOCKET
    assert str(tmp_path) in error.message


def test_a_link_to_somewhere_else_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert refused(tmp_path / "link" / "a.sock").code is Code.IPC_NO_SOCKET


def test_a_socket_of_another_user_is_not_talked_to(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with unix_socket.opened(Ipc()):
        assert unix_socket.find() == session / "assistant" / "assistant.sock"
        owner = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: owner + 1)
        if owner == 0:  # root is trusted by every user
            os.chown(session / "assistant", 4_000_000, -1)
        with pytest.raises(AssistantError) as error:
            unix_socket.find()
    assert error.value.code is Code.IPC_UNAVAILABLE


def test_a_socket_is_taken_from_the_service_manager(session: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as given:
        given.bind(str(session / "given.sock"))
        given.listen()
        monkeypatch.setattr(unix_socket, "FIRST_HANDED_OVER", os.dup(given.fileno()))
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setenv("LISTEN_FDS", "1")
        with unix_socket.opened(Ipc(enabled=False)) as listener:
            assert listener is not None
            assert listener.getsockname() == str(session / "given.sock")
        assert "LISTEN_FDS" not in os.environ
    assert (session / "given.sock").exists(), "it is the service manager's"


def test_the_socket_is_found_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("ASSISTANT_SOCKET", raising=False)
    monkeypatch.setattr(unix_socket, "SYSTEM", tmp_path / "system.sock")
    own = tmp_path / "assistant" / "assistant.sock"
    assert unix_socket.find() == own
    unix_socket.SYSTEM.touch()
    assert unix_socket.find() == unix_socket.SYSTEM
    own.parent.mkdir()
    own.touch()
    assert unix_socket.find() == own
    monkeypatch.setenv("ASSISTANT_SOCKET", "/elsewhere")
    assert unix_socket.find() == Path("/elsewhere")
