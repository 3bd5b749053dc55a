"""`assistant run` on a machine without a sound card of its own: a process with the real models and no PortAudio."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.doctor.daemon import ask_status, check_daemon
from assistant.doctor.devices import DEADLINE_S, check_devices
from assistant.doctor.finding import FindingState
from assistant.doctor.sound import SoundTask
from assistant.errors import AssistantError, Code
from assistant.host.watchdog import MAX_INPUT_SILENCE_S
from tests.app.server import SILENT, WATCHDOG_S, Server, serving
from tests.app.test_daemon import PATIENCE_S


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("run"), SILENT) as server:
        yield server


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
