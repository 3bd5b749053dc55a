"""`assistant run` on a machine without a sound card of its own: a process with the real models and no PortAudio."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from assistant.client import Client
from assistant.doctor.daemon import ask_status, check_daemon
from assistant.doctor.devices import DEADLINE_S, check_devices
from assistant.doctor.finding import FindingState
from assistant.doctor.sound import SoundTask
from assistant.errors import AssistantError, Code
from assistant.host.watchdog import MAX_INPUT_SILENCE_S
from tests.app.test_daemon import PATIENCE_S

SILENT = "audio: {input: none, output: none}\n"


WATCHDOG_S = 1


@dataclass
class Server:
    """The daemon, and what it has told its service manager and on standard error."""

    process: subprocess.Popen[str]
    config: Path
    environment: dict[str, str]
    notified: socket.socket
    imported: list[str] = field(default_factory=list)
    """Modules, as `-X importtime` tells of them."""
    told: list[str] = field(default_factory=list)
    """What the service manager was told so far."""

    def read_errors(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if line.startswith("import time:"):
                self.imported.append(line.rpartition("|")[2].strip())

    def until(self, state: str) -> None:
        """Read what the service manager is told until it is `state`."""
        while not self.told or state not in self.told[-1]:
            self.told.append(self.notified.recv(65_536).decode())

    def forget_told(self) -> None:
        """Read what waits, of which the kernel keeps ten messages and no more."""
        self.told.clear()
        self.notified.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.notified.recv(65_536)
        self.notified.settimeout(PATIENCE_S)

    @property
    def socket(self) -> Path:
        return Path(self.environment["ASSISTANT_SOCKET"])

    @property
    def client(self) -> Client:
        return Client(self.socket)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "assistant", *arguments],
            env=self.environment,
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("run")
    config = folder / "config.yaml"
    config.write_text(SILENT)
    environment = os.environ | {
        "XDG_RUNTIME_DIR": str(folder),
        "XDG_STATE_HOME": str(folder),
        "ASSISTANT_SOCKET": str(folder / "assistant" / "assistant.sock"),
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": str(WATCHDOG_S * 1_000_000),
    }
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(environment["NOTIFY_SOCKET"])
        notified.settimeout(PATIENCE_S)
        command = [sys.executable, "-X", "importtime", "-m", "assistant", "run", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
            found = Server(process, config, environment, notified)
            reading = threading.Thread(target=found.read_errors)
            reading.start()
            found.until("READY=1")
            yield found
            process.kill()
            reading.join()


def test_it_is_ready_and_says_what_it_is(server: Server) -> None:
    assert "STATUS=no sound card of its own; rooms: none connected" in server.told


def test_portaudio_is_never_loaded(server: Server) -> None:
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "libctranslate2" in maps
    assert "portaudio" not in maps.lower()
    assert "faster_whisper" in server.imported
    assert "sounddevice" not in server.imported


def test_a_question_is_answered_in_text(server: Server) -> None:
    with server.client as client:
        answer = client.call("ask", text="What is the capital of France?")
        assert answer["reply"]
        assert answer["turn"]["room"] == "local"
        assert client.call("ask", text="What time is it?")["turn"]["provenance"]["kind"] == "skill"
        said = [exchange["said"] for exchange in client.call("history.get")["exchanges"]]
        assert said == ["What is the capital of France?", "What time is it?"]
        assert client.call("history.clear") == {"forgotten": 2}


@pytest.mark.parametrize(
    "arguments",
    [
        ("say", "The washing is done."),
        ("ask", "--speak", "What time is it?"),
        ("listen",),
        ("mute",),
        ("unmute",),
        ("volume", "30"),
        ("stop",),
    ],
)
def test_what_needs_sound_says_that_there_is_none(server: Server, arguments: tuple[str, ...]) -> None:
    refused = server.command(*arguments)
    assert refused.returncode == 1
    assert refused.stderr == (
        "error: room.silent: this machine has no sound of its own, and no other room is connected\n"
    )


def test_and_so_does_the_room_itself_where_it_is_named(server: Server) -> None:
    with server.client as client, pytest.raises(AssistantError) as silent:
        client.call("say", text="The washing is done.", room="local")
    assert silent.value.code is Code.ROOM_SILENT
    assert "neither microphone nor loudspeaker" in silent.value.message


def test_status_says_so(server: Server) -> None:
    with server.client as client:
        status = client.call("status")
    assert (status["state"], status["rooms"]) == ("silent", {"local": "silent"})
    assert (status["microphone"], status["loudspeaker"], status["wake_words"]) == ("", "", [])
    assert "answers in text only" in server.command("status").stdout


def test_the_examination_finds_nothing_wrong_with_it(server: Server) -> None:
    found = check_daemon(ask_status(server.socket, would_start=False))
    assert found.state is FindingState.OK
    assert "no sound card of its own, rooms: none connected" in found.found
    devices = list(check_devices(SoundTask(microphone="none", loudspeaker="none"), DEADLINE_S))
    assert [(finding.check, finding.found) for finding in devices] == [
        ("microphone", "none, as configured"),
        ("loudspeaker", "none, as configured"),
    ]


def test_its_configuration_is_read_again_but_a_sound_card_needs_a_restart(server: Server) -> None:
    with server.client as client:
        server.config.write_text(f"{SILENT}llm: {{max_reply_tokens: 4}}\n")
        assert client.call("reload") == {"applied": ["llm.max_reply_tokens"], "restart": []}
        answer = client.call("ask", text="What is the capital of France?")
        assert len(answer["reply"].split()) <= 4
        server.config.write_text("llm: {max_reply_tokens: 4}\n")
        assert client.call("reload") == {"applied": [], "restart": ["audio.input", "audio.output"]}
        server.config.write_text("audio: {input: none}\n")
        with pytest.raises(AssistantError) as lone:
            client.call("reload")
        assert lone.value.code is Code.CONFIG_INVALID
    assert "portaudio" not in Path(f"/proc/{server.process.pid}/maps").read_text().lower()


def test_the_watchdog_is_content_although_no_sound_comes(server: Server) -> None:
    with server.client as client:
        while client.call("status")["uptime_s"] < MAX_INPUT_SILENCE_S + 10 * WATCHDOG_S:
            server.forget_told()
            server.until("WATCHDOG=1")


def test_a_signal_ends_it(server: Server) -> None:
    server.forget_told()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=PATIENCE_S) == 0
    server.until("STOPPING=1")
