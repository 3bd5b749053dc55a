"""The client library, against a scripted conversation behind a real socket."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import anyio
import anyio.from_thread
import pytest

from assistant.client import Client, connect
from assistant.errors import AssistantError, Code
from assistant.events import Announced, Listening
from assistant.interfaces.net import place
from assistant.testing.scripted import Script, ScriptedLoudspeaker, ScriptedModel
from tests.interfaces.ipc.served import Served, served

ANSWER = "It is noon, I think. Or later."


class Background:
    """A daemon whose event loop runs in another thread, for clients that block."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "a.sock"
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=anyio.run, args=(self._serve,))

    async def _serve(self) -> None:
        async with served(self._folder) as self.daemon:
            self._ready.set()
            await self.daemon.ended.wait()

    def start(self) -> None:
        self._thread.start()
        self._ready.wait()

    def end(self) -> None:
        with Client(self.path) as client:
            client.call("shutdown")
        self._thread.join()


@pytest.fixture
def background(tmp_path: Path) -> Iterator[Background]:
    daemon = Background(tmp_path)
    daemon.start()
    yield daemon
    daemon.end()


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


def test_the_socket_is_found_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("ASSISTANT_SOCKET", raising=False)
    monkeypatch.setattr(place, "SYSTEM", tmp_path / "system.sock")
    own = tmp_path / "assistant" / "assistant.sock"
    assert place.find() == own
    place.SYSTEM.touch()
    assert place.find() == place.SYSTEM
    own.parent.mkdir()
    own.touch()
    assert place.find() == own
    monkeypatch.setenv("ASSISTANT_SOCKET", "/elsewhere")
    assert place.find() == Path("/elsewhere")


@pytest.mark.anyio
async def test_requests_may_overlap(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with (
        served(tmp_path, loudspeaker=loudspeaker) as daemon,
        connect(daemon.path) as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(_say, client.call)
        await loudspeaker.full.wait()
        assert (await client.call("status"))["state"] == "speaking"
        assert await client.call("stop") == {"stopped": True}


@pytest.mark.anyio
async def test_cancelling_gives_the_request_up(tmp_path: Path) -> None:
    loudspeaker = ScriptedLoudspeaker(room=100)
    async with served(tmp_path, loudspeaker=loudspeaker) as daemon, connect(daemon.path) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_say, client.call)
            await loudspeaker.full.wait()
            tasks.cancel_scope.cancel()
        announced = await daemon.stage.until(Announced)
        assert isinstance(announced, Announced)
        assert announced.end == "interrupted"
        assert "state" in await client.call("status")


@pytest.mark.anyio
async def test_an_answer_is_streamed_and_may_be_left_in_the_middle(tmp_path: Path) -> None:
    script = Script(model=ScriptedModel(pieces=["word "] * 60))
    async with served(tmp_path, script) as daemon, connect(daemon.path) as client:
        async with aclosing(client.ask("Tell me a story.")) as pieces:
            async for piece in pieces:
                assert piece.startswith("word")
                break
        async with aclosing(client.ask("Tell me a story.")) as pieces:
            assert "".join([piece async for piece in pieces]) == "word " * 60


@pytest.mark.anyio
async def test_events_that_are_not_read_in_time_are_counted(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as daemon,
        connect(daemon.path) as client,
        aclosing(await client.events("listening")) as events,
    ):
        await _emit(daemon, 1)
        assert (await anext(events))["turn"] == 1
        for batch in range(40):
            await _emit(daemon, *range(100 * batch, 100 * batch + 100))
            assert "state" in await client.call("status")
        first = await anext(events)
        assert first["event"] == "lagged"
        seen = [await anext(events) for _ in range(4000 - first["dropped"])]
        assert seen[-1]["turn"] == 3999


@pytest.mark.anyio
async def test_the_end_of_the_daemon_is_an_error_for_all(tmp_path: Path) -> None:
    async with served(tmp_path) as daemon, connect(daemon.path) as client:
        await client.call("status")
        daemon.stage.tasks.cancel_scope.cancel()
        with pytest.raises(AssistantError) as error:
            await client.call("status")
        assert error.value.code is Code.IPC_UNAVAILABLE


async def _say(call: object) -> None:
    assert callable(call)
    await call("say", text="A very long announcement.")


async def _emit(daemon: Served, *turns: int) -> None:
    for turn in turns:
        daemon.emit(Listening(turn=turn))
    await anyio.wait_all_tasks_blocked()


def environment(path: Path) -> dict[str, str]:
    """Of a program that talks to the daemon at `path`."""
    return os.environ | {"ASSISTANT_SOCKET": str(path)}


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


def test_and_tell_when_there_is_nobody_to_talk_to(tmp_path: Path) -> None:
    alone = run(tmp_path / "none.sock", "status")
    assert alone.returncode == 3
    assert alone.stderr.startswith("error: ipc.unavailable: no assistant is running")
