"""The commands that talk to the running daemon, as processes against a scripted conversation."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.background import ANSWER, Background, environment


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    daemon = Background(tmp_path)
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


def test_they_refuse_what_makes_no_sense(background: Background) -> None:
    assert run(background.path, "volume", "140").returncode == 2
    assert run(background.path, "ask").stderr.startswith("error: text.empty")
    assert run(background.path, "say", "***").returncode == 1


def test_they_say_when_no_daemon_is_running(tmp_path: Path) -> None:
    alone = run(tmp_path / "none.sock", "status")
    assert alone.returncode == 3
    assert alone.stderr.startswith("error: ipc.unavailable: no assistant is running")
