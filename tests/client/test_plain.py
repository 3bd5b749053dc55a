"""The client that blocks, against a scripted conversation behind a real socket."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from assistant.client import Client
from assistant.errors import AssistantError, Code
from tests.client.background import ANSWER, Background


def test_a_method_is_called_and_its_result_returned(background: Background) -> None:
    with Client(background.path) as client:
        assert client.call("volume", level=0.5) == {"volume": 0.5}
        assert client.call("status")["volume"] == 0.5


def test_an_answer_comes_piece_by_piece(background: Background) -> None:
    with Client(background.path) as client:
        assert "".join(client.ask("What time is it?")) == ANSWER
        assert client.call("history.get")["exchanges"][0]["heard"] == ANSWER


def test_an_error_has_the_code_that_the_daemon_gave(background: Background) -> None:
    with Client(background.path) as client:
        with pytest.raises(AssistantError) as error:
            client.call("volume", level=7)
        assert error.value.code is Code.IPC_INVALID_PARAMS
        assert client.call("volume") == {"volume": 1.0}


def test_events_come_as_dictionaries(background: Background) -> None:
    with Client(background.path) as watcher, Client(background.path) as client:
        events = watcher.events("muted")
        client.call("mute")
        assert watcher.call("volume") == {"volume": 1.0}
        client.call("mute", muted=False)
        assert [next(events)["muted"], next(events)["muted"]] == [True, False]


def test_without_a_daemon_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(AssistantError) as error:
        Client(tmp_path / "none.sock")
    assert error.value.code is Code.IPC_UNAVAILABLE
    assert "`assistant run`" in error.value.message
    assert error.value.exit_status == 3


def test_a_daemon_that_ends_is_an_error(tmp_path: Path) -> None:
    daemon = Background(tmp_path)
    daemon.start()
    with Client(daemon.path) as client:
        client.call("status")
        daemon.end()
        with pytest.raises(AssistantError) as error:
            client.call("status")
        assert error.value.code is Code.IPC_UNAVAILABLE


def test_importing_it_changes_nothing_in_the_program_that_does() -> None:
    program = "import os, sys; before = dict(os.environ); import assistant.client; "
    program += "print(os.environ == before, *sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    unchanged, *modules = found.stdout.split()
    assert unchanged == "True"
    engines = {"faster_whisper", "ctranslate2", "onnxruntime", "xllamacpp", "piper", "sounddevice", "livekit"}
    assert not {"numpy", "typer", *engines} & set(modules)


def test_an_answer_may_be_left_in_the_middle(background: Background) -> None:
    with Client(background.path) as client:
        with closing(client.ask("What time is it?")) as pieces:
            next(pieces)
        assert "".join(client.ask("And later?")) == ANSWER


def test_methods_are_called_while_an_answer_is_written(background: Background) -> None:
    with Client(background.path) as client:
        pieces = client.ask("What time is it?")
        first = next(pieces)
        assert client.call("volume") == {"volume": 1.0}
        assert first + "".join(pieces) == ANSWER
