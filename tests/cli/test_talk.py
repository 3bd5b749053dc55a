"""The commands that talk to the running daemon, as processes against a scripted conversation."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.client import Client
from tests.client.background import ANSWER, Background, environment


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    daemon = Background(tmp_path)
    daemon.start()
    yield daemon
    daemon.end()


@pytest.fixture
def two_rooms(tmp_path: Path) -> Iterator[Background]:
    daemon = Background(tmp_path, "kitchen")
    daemon.start()
    yield daemon
    daemon.end()


def run(path: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """The program's command line, talking to the daemon at `path`."""
    return subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        env=environment(path),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands_talk_to_it(background: Background) -> None:
    path = background.path
    assert "scripted on cpu" in run(path, "status").stdout
    assert json.loads(run(path, "status", "--json").stdout)["state"] == "listening"
    assert run(path, "ask", "What", "time", "is", "it?").stdout == ANSWER + "\n"
    assert json.loads(run(path, "ask", "--json", given="What time is it?").stdout)["reply"] == ANSWER
    assert run(path, "say", "The washing is done.").returncode == 0
    assert "What time is it?" in run(path, "history").stdout
    assert run(path, "history", "--clear").stdout == "2 exchanges forgotten.\n"
    assert run(path, "volume", "40").stdout == "Volume 40%\n"
    assert run(path, "mute").stdout == "The microphone is off.\n"
    refused = run(path, "listen")
    assert (refused.returncode, refused.stderr.partition(" ")[0]) == (1, "error:")
    assert run(path, "unmute").stdout == "The microphone is on.\n"
    assert run(path, "listen").returncode == 0
    assert run(path, "stop").stdout == "Nothing was being said.\n"
    assert "assistant_turns_total" in run(path, "metrics").stdout


def test_what_was_said_cannot_control_the_terminal(background: Background) -> None:
    hostile = "What time\x1b[2J\x9b31m\u202e is it?"
    with Client(background.path) as client:
        client.call("ask", text=hostile)
    for arguments in (["history"], ["history", "--json"]):
        printed = run(background.path, *arguments).stdout
        assert r"What time\u001b[2J\u009b31m\u202e is it?" in printed
    refused = run(background.path, "ask", "--room", "\x1b[2J", "What?")
    assert not set("\x1b\x9b\u202e") & set(printed + refused.stderr)
    assert "room.unknown" in refused.stderr


@pytest.mark.parametrize(
    ("text", "code"),
    [(b"Wie sp\xe4t ist es?", "text.not_utf8"), (b" \x00\n", "text.empty"), (b"a" * 9000, "text.too_long")],
)
def test_text_that_cannot_be_asked_is_refused(background: Background, text: bytes, code: str) -> None:
    command = [sys.executable, "-m", "assistant", "ask"]
    for arguments, given in ([], text), ([text.replace(b"\0", b"")], b""):
        refused = subprocess.run(
            [*command, *arguments], env=environment(background.path), input=given, capture_output=True, check=False
        )
        assert (refused.returncode, refused.stdout) == (1, b"")
        assert code.encode() in refused.stderr


def test_a_room_can_be_named(two_rooms: Background) -> None:
    path, kitchen = two_rooms.path, ("--room", "kitchen")
    assert run(path, "ask", *kitchen, "What time is it?").stdout == ANSWER + "\n"
    assert "What time is it?" in run(path, "history", *kitchen).stdout
    assert run(path, "history").stdout == ""
    assert json.loads(run(path, "say", *kitchen, "--json", "The washing is done.").stdout)["complete"]
    assert run(path, "volume", *kitchen, "40").stdout == "Volume 40%\n"
    assert run(path, "volume").stdout == "Volume 100%\n"
    assert run(path, "stop", *kitchen).stdout == "Nothing was being said.\n"
    assert run(path, "listen", *kitchen).returncode == 0
    assert run(path, "mute", *kitchen).stdout == "The microphone is off.\n"
    shown = run(path, "status", *kitchen).stdout
    assert "kitchen" in shown.splitlines()[0]
    assert "local (listening), kitchen (muted)" in shown
    assert json.loads(run(path, "status", "--json").stdout)["state"] == "listening"
    assert run(path, "unmute", *kitchen).stdout == "The microphone is on.\n"
    assert run(path, "history", *kitchen, "--clear").stdout == "1 exchanges forgotten.\n"
    refused = run(path, "say", "--room", "attic", "Hello.")
    assert refused.returncode == 1
    assert refused.stderr == "error: room.unknown: there is no room 'attic'; there are: local, kitchen\n"


def test_the_only_room_is_not_listed(background: Background) -> None:
    assert "rooms" not in run(background.path, "status").stdout


def test_they_refuse_what_makes_no_sense(background: Background) -> None:
    assert run(background.path, "volume", "140").returncode == 2
    assert run(background.path, "ask").stderr.startswith("error: text.empty")
    assert run(background.path, "say", "***").returncode == 1


def test_they_say_when_no_daemon_is_running(tmp_path: Path) -> None:
    alone = run(tmp_path / "none.sock", "status")
    assert alone.returncode == 3
    assert alone.stderr.startswith("error: ipc.unavailable: no assistant is running")
