"""What a service manager receives, over a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.host.notify import MAX_STATUS, Notifier, NullNotifier, notifier, watchdog_s


class Manager:
    """Listens as a service manager does."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    @property
    def received(self) -> list[str]:
        """Everything since the last time."""
        messages = []
        try:
            while True:
                messages.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            return messages

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    listening = Manager(tmp_path / "notify")
    yield listening
    listening.close()


@pytest.fixture
def notify(manager: Manager) -> Notifier:
    return notifier()


def test_each_thing_is_one_message(notify: Notifier, manager: Manager) -> None:
    notify.status("loading whisper-base … 20%")
    notify.ready()
    notify.alive()
    notify.stopping()
    assert manager.received == [
        "STATUS=loading whisper-base … 20%",
        "READY=1",
        "WATCHDOG=1",
        "STOPPING=1",
    ]


def test_reloading_comes_with_the_time(notify: Notifier, manager: Manager) -> None:
    notify.reloading()
    [message] = manager.received
    first, second = message.split("\n")
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0


def test_a_status_is_one_line_sent_once_and_not_too_long(notify: Notifier, manager: Manager) -> None:
    notify.status("no microphone:\nunplugged")
    notify.status("no microphone: unplugged")
    notify.status("x" * 1000)
    assert manager.received == ["STATUS=no microphone: unplugged", "STATUS=" + "x" * MAX_STATUS]


def test_a_manager_that_has_gone_is_not_an_error_and_hears_the_status_when_it_is_back(
    notify: Notifier, manager: Manager, tmp_path: Path
) -> None:
    manager.close()
    (tmp_path / "notify").unlink()
    notify.status("listening")
    again = Manager(tmp_path / "notify")
    notify.status("listening")
    assert again.received == ["STATUS=listening"]
    again.close()


def test_other_programs_do_not_get_the_socket(notify: Notifier) -> None:
    assert "NOTIFY_SOCKET" not in os.environ


def test_started_by_hand_there_is_no_service_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert isinstance(notifier(), NullNotifier)


@pytest.mark.parametrize(
    ("microseconds", "pid", "expected"),
    [("30000000", "own", 30.0), ("30000000", "", 30.0), ("30000000", "1", None), ("", "", None), ("0", "", None)],
)
def test_the_watchdog_is_that_of_this_process(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_s() == expected
