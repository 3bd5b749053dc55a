"""A daemon that has used up its file descriptors: it has imported everything, refuses what needs more, and lives."""

import resource
import socket
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.info import Describe
from wyoming.tts import Synthesize
from wyoming.wake import Detect

from tests.app.server import SILENT, Server, serving
from tests.programs import recording

pytestmark = pytest.mark.usefixtures("models")

QUESTION = recording("q_what_time_is_it_r3")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("run")
    with serving(folder, f"{SILENT}wyoming: {{listen: 'unix://{folder}/w.sock'}}\n") as server:
        yield server


@contextmanager
def caller(server: Server) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as connected:
        connected.connect(str(server.socket))
        yield connected


def transcribe(connected: socket.socket) -> dict[str, Any]:
    """The reply to a recording whose descriptor is handed over."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "transcribe", "params": {}}
    with Path(QUESTION).open("rb") as file:
        socket.send_fds(connected, [msgspec.json.encode(request) + b"\n"], [file.fileno()])
    with connected.makefile("rb") as lines:
        for line in lines:
            reply: dict[str, Any] = msgspec.json.decode(line)
            if "id" in reply:
                return reply
    raise AssertionError("hung up on")


async def use_wyoming(server: Server) -> None:
    """Every service once, with sound at another rate than is listened at."""
    with wave.open(QUESTION) as file:
        sound = file.readframes(file.getnframes())
    address = f"unix://{server.config.parent}/w.sock"
    async with AsyncClient.from_uri(address, read_timeout=60) as client:
        for asked, ended in (
            ([Describe()], "info"),
            (
                [Transcribe(language="en"), AudioStart(22_050, 2, 1), AudioChunk(22_050, 2, 1, sound), AudioStop()],
                "transcript",
            ),
            ([Detect(names=["okay_nabu"]), AudioChunk(16_000, 2, 1, sound), AudioStop()], "not-detected"),
            ([Synthesize("It is 5 km to go.")], "audio-stop"),
            ([Transcript("What is your name?")], "handled-stop"),
        ):
            for event in asked:
                await client.write_event(event.event())
            while (event := await client.read_event()) is not None and event.type != ended:
                assert event.type != "error", event.data
            assert event is not None


@contextmanager
def full(server: Server) -> Iterator[None]:
    """No descriptor is free as long as the context lasts."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_nothing_is_imported_any_more_once_it_is_ready(server: Server) -> None:
    with server.client as client:
        client.call("status")
        before = list(server.imported)
        client.call("ask", text="What is the capital of France?")
        client.call("ask", text="Turn on the light.")
        with caller(server) as connected:
            assert "result" in transcribe(connected)
        anyio.run(use_wyoming, server)
        client.call("metrics")
        client.call("history.get")
        server.config.write_text(server.config.read_text() + "llm: {max_reply_tokens: 8}\n")
        assert client.call("reload")["applied"] == ["llm.max_reply_tokens"]
        client.call("status")
    assert server.imported[len(before) :] == []


def test_a_full_table_of_descriptors_ends_nothing(server: Server) -> None:
    with server.client as client, caller(server) as connected:
        client.call("status")
        with full(server):
            assert client.call("ask", text="What is the capital of France?")["reply"]
            assert "error" in transcribe(connected)  # the kernel has not handed the recording over
            late = server.client  # waits for the listener, which cannot accept it
            assert client.call("history.get")["exchanges"]
        assert late.call("status")["state"] == "silent"
        late.close()
        assert "result" in transcribe(connected)
        anyio.run(use_wyoming, server)
    assert server.process.poll() is None
